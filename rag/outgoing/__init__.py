"""Text on its way to a client: nothing in it acts, leads elsewhere, hides or gives a key away."""
