"""Two runs of one set, question by question."""
