"""Deterministic metrics: small functions of a sample and what was observed, in one table."""
