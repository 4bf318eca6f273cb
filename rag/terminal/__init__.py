"""The terminal: what each command of `python -m rag` does, and how it is shown."""
