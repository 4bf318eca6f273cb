"""What a release learns of its own confidence when it is made."""
