"""Tests of `ingest/text`: from text to chunks."""
