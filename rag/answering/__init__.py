"""Answering: from evidence to an answer in which every statement carries a checked quote."""
