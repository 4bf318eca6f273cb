"""Markup languages that people write: LaTeX, Org and reStructuredText as Markdown."""
