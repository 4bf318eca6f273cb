"""Tests of the document side."""
