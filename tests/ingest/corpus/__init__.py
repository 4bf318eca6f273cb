"""Tests of `ingest/corpus`: the truth of a corpus."""
