"""Whether evidence carries a statement: where it says so, what differs, and how sure that is."""
