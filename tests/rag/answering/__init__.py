"""Tests of `rag/answering`: answers."""
