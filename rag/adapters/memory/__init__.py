"""In-memory implementations of the ports, exact and small."""
