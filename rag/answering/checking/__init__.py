"""Checking: statements of a text, what they cite, and what their evidence says of them."""
