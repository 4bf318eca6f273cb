"""Metrics that a chat model judges, by Ragas."""
