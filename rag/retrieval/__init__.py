"""Retrieval: from a question to ranked, merged and packed evidence, synchronous and pure over ports."""
