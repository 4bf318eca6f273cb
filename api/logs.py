"""The service's log: one line an event, with the request's id and without secrets."""

import logging
from collections.abc import Collection
from contextvars import ContextVar

from rag.outgoing.redaction import redact

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
CHATTY = ("httpx", "httpx2", "openai", "sentence_transformers")


class SafeFormatter(logging.Formatter):
    """Names the request that a line is about, and takes secrets out of it, tracebacks included."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, after the id of the request that is being served."""
        line = redact(super().format(record), self._secrets)
        request_id = REQUEST_ID.get()
        return f"{request_id} {line}" if request_id else line


def set_up_logging(secrets: Collection[str]) -> None:
    """Log to stderr; libraries that tell of each request only when something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
