"""From bytes to chunks: decoded, structured, cut."""
