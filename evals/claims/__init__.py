"""Sets of single claims, true and false, and what the support check says of them."""
