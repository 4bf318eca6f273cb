"""What the service keeps of what it was asked."""
