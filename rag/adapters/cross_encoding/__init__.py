"""Models that read two texts together: a question with a passage, a claim with a quote."""
