"""Where bytes come from: files, folders, archives, other file systems, the web."""
