"""Tests of `ingest/sources`: where bytes come from."""
