"""A release, or a setting, held against the one that serves before it takes its place."""
