"""Tests of `rag/retrieval`: the search."""
