"""Adapters of the document side: the only modules that know a parsing library."""
