"""The contract of the two sides: release folders, who may read what in them, which one is live."""
