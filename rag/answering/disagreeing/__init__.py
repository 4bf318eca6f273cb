"""Disagreements between sources, and versions: found among statements, and told."""
