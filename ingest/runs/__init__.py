"""What one command does with a corpus."""
