"""Tests of `rag/adapters`: engines and libraries of others."""
