"""Coefficients that the product brings along, learned again from questions with marked evidence."""
