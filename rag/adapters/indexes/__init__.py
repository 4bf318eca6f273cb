"""The indexes of a release: vectors by Chroma or compared one by one, words by tantivy."""
