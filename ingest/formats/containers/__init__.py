"""What a file is by its bytes, and how packed ones are opened within limits."""
