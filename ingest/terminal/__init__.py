"""What the command line shows: tables, progress, reports."""
