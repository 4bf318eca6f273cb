"""Replies in the forms that other programs rely on, whole or streamed."""
