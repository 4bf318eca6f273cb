"""Replies as the OpenAPI document describes them; nothing is made of them here."""
