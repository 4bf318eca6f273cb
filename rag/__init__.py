"""The question side of Plumbline and the language that all its packages share."""
