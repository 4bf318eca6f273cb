"""Tests of `ingest/formats`: what files say."""
