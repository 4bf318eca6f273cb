"""Benchmarks: quality and speed as ratios against a baseline of the same run."""
