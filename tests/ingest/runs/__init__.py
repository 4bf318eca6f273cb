"""Tests of `ingest/runs`: what one command does."""
