"""The document side of Plumbline: from sources to a published release."""
