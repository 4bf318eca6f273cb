"""Tests of `rag/releases`: releases."""
