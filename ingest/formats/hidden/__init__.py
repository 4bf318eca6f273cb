"""Text that the readers of a document cannot see, left out."""
