"""Retrieval: from a question to ranked and packed evidence, synchronous and pure over ports."""
