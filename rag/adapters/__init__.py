"""Adapters: the only modules that know a third-party engine, one engine each."""
