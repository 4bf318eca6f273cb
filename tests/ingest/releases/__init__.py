"""Tests of `ingest/releases`: releases."""
