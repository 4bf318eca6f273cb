"""Extractive answers: what can be quoted, what is asked, and what of the one answers the other."""
