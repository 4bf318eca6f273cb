"""What an evaluation came to, recorded and shown."""
