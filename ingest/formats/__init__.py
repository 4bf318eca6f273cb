"""What files say: one row of a table a format, one module a family of formats."""
