"""Regression sets: read, checked, their evidence found in a release."""
