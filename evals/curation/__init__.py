"""The care of regression sets: what is wrong with one, and cases that people may add to it."""
