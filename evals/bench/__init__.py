"""Benchmarks: quality and speed as ratios against a baseline of the same run."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the packages, where commands run."""
Rows = list[tuple[str, str]]
"""What a benchmark prints: names of measures and their values."""
