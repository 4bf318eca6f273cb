"""Where files of strangers are parsed: processes of their own, held to limits."""
