"""What a statement says that can be compared fact by fact: amounts, dates, names, its tone."""
