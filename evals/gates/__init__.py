"""What an evaluation must reach, and whether it did."""
