"""Benchmarks: quality and speed as ratios against a baseline of the same run."""

Rows = list[tuple[str, str]]
"""What a benchmark prints: names of measures and their values."""
