"""Embedders, which turn texts into vectors, and the cross-encoder, which reads two together."""
