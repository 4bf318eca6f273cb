"""Tests of the evaluation side."""
