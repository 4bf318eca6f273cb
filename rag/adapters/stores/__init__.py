"""What a release keeps of its documents, and who may read them."""
