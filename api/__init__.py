"""The service: an OpenAI-compatible and a native REST API over live releases, and its page."""
