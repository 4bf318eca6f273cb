"""Routes: a request parsed, one function called, its result shaped."""
