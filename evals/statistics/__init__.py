"""Tests, intervals and corrections on arrays of numbers, without a word of what they measure."""
