"""How the words of a claim belong together, held against how they do in the source."""
