"""The question side of Plumbline and the language that all its packages share."""

__version__ = "0.1.0"
