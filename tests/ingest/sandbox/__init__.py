"""Tests of `ingest/sandbox`: workers and their limits."""
