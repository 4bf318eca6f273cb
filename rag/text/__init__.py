"""Texts as both sides take them apart: sentences, and one form for each word."""
