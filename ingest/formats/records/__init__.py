"""Files of many small parts: rows, records, messages, cells and cues, a paragraph each."""
