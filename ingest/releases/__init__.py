"""From the truth to a release: built, verified, published, erased from."""
