"""Evaluation: regression sets, metrics, a judge and reports."""
