"""How much is found, and what is answered."""
