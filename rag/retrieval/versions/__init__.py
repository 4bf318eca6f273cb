"""Versions of one document among what is found: which one a question means."""
