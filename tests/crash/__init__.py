"""Runs that are killed, or that fill the disk, at seeded points."""
