"""The truth of a corpus: its ledger, its original bytes, its embeddings."""
