"""Evaluations that run by themselves every night, kept beside each other."""
