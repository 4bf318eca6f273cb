"""Tests of `rag/text`: from text to chunks."""
