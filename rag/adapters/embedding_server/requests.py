"""Requests to an OpenAI-compatible embeddings server: one retry loop, one time budget."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

from rag.adapters.embedding_server.replies import unusable
from rag.adapters.retrying import RetryPolicy, is_out_of_quota, is_passing
from rag.errors import EmbedderError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
ATTEMPTS = 5  # chosen: passages can wait, up to 7.5 s with the waits below
FIRST_WAIT_S = 0.5  # as OpenAI's own client
LONGEST_WAIT_S = 30.0  # chosen: half of a limit that counts by the minute
CONNECT_S = 10.0  # chosen: whoever does not accept by then is not there
LONGEST_ANSWER = 200_000_000  # bytes; 256 vectors of 8,192 numbers are about 50 MB of JSON
SPLIT_STATUS = {400, 413, 422}  # what servers say of a request that is too long
QUOTA_WORDS = "says that the account's quota is used up: raise it, then run this again"
TOO_LONG = re.compile(r"too (?:long|large|many)|length|maximum|exceed|must have less", re.I)


class RequestRefused(EmbedderError):
    """A request that failed: whether trying again may help, or sending less at once."""

    def __init__(self, advice: str, *, is_passing: bool = False, is_too_long: bool = False) -> None:
        super().__init__(advice)
        self.is_passing = is_passing
        self.is_too_long = is_too_long


def split_address(base_url: str) -> SplitResult:
    """The parts of a server's address, OpenAI's where it is empty. Raises EmbedderError."""
    try:
        place = urlsplit(base_url or DEFAULT_BASE_URL)
        is_address = place.scheme in ("http", "https") and bool(place.hostname) and place.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise EmbedderError("RAG_EMBEDDER_BASE_URL is no address such as http://localhost:8080/v1")
    return place


def shown_place(place: SplitResult) -> str:
    """Host, port and path of an address: what tells servers apart, without credentials."""
    host = f"{place.hostname}:{place.port}" if place.port else str(place.hostname)
    return host + place.path.rstrip("/")


class EmbeddingsServer:
    """One model of one server; requests of several threads run side by side."""

    def __init__(self, model: str, *, base_url: str, api_key: str, timeout_s: float) -> None:
        import openai

        self._shown = f"the embedding server {shown_place(split_address(base_url))}"
        if not (api_key.isascii() and api_key.isprintable()):
            raise EmbedderError("RAG_EMBEDDER_API_KEY holds characters that no key has")
        self._model = model
        self._timeout_s = timeout_s
        self._client = openai.OpenAI(
            base_url=base_url or DEFAULT_BASE_URL, api_key=api_key or "none", max_retries=0
        )

    def ask(self, texts: Sequence[str], budget_s: float) -> bytes:
        """The answer as it was sent, all attempts within `budget_s`. Raises EmbedderError."""
        policy = RetryPolicy(_attempts_for, budget_s, LONGEST_WAIT_S, FIRST_WAIT_S)
        with self._translated():
            return policy.blocking()(self._send, list(texts), time.monotonic() + budget_s)

    def _send(self, texts: list[str], deadline: float) -> bytes:
        import httpx2

        left_s = max(0.05, min(self._timeout_s, deadline - time.monotonic()))
        request = self._client.embeddings.with_streaming_response.create(
            model=self._model,
            input=texts,
            encoding_format="float",
            timeout=httpx2.Timeout(left_s, connect=min(left_s, CONNECT_S)),
        )
        ends = time.monotonic() + left_s
        with request as response:
            return self._read(response.iter_bytes(), ends)

    def _read(self, blocks: Iterable[bytes], ends: float) -> bytes:
        body = bytearray()
        for block in blocks:
            body += block
            if len(body) > LONGEST_ANSWER:
                raise unusable(f"it is longer than {LONGEST_ANSWER:,} bytes")
            if time.monotonic() > ends:
                raise TimeoutError
        return bytes(body)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self._refused(error) from error
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as error:
            raise self._silent("did not answer in time") from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._silent(f"cannot be reached: {_line(error.__cause__ or error)}") from error

    def _silent(self, reason: str) -> RequestRefused:
        return RequestRefused(
            f"{self._shown} {reason} (check RAG_EMBEDDER_BASE_URL, and that the server runs)",
            is_passing=True,
        )

    def _refused(self, error: Any) -> RequestRefused:  # an openai.APIStatusError, imported late
        status: int = error.status_code
        told = error.body.get("message") if isinstance(error.body, dict) else None
        message = _line(told or error.message)
        reason = QUOTA_WORDS if is_out_of_quota(error) else self._reason(status, message)
        return RequestRefused(
            f"{self._shown} {reason}",
            is_passing=is_passing(error),
            is_too_long=status in SPLIT_STATUS
            and (status == 413 or bool(TOO_LONG.search(message))),
        )

    def _reason(self, status: int, message: str) -> str:
        known = {
            401: "refuses the key: check RAG_EMBEDDER_API_KEY",
            403: f"does not allow {self._model} with this key: check RAG_EMBEDDER_API_KEY",
            404: f"has no model {self._model}: check RAG_EMBEDDER and RAG_EMBEDDER_BASE_URL",
            429: "is asked too often: try again later",
        }
        if status in known:
            return known[status]
        if status >= 500:
            return f"failed with HTTP {status}: try again later"
        return f"refused the request with HTTP {status}: {message}"


def _attempts_for(error: BaseException) -> int:
    import httpx2
    import openai

    is_of_server = isinstance(error, (TimeoutError, openai.OpenAIError, httpx2.HTTPError))
    return ATTEMPTS if is_of_server and is_passing(error) else 1


def _line(text: object) -> str:
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(shown.split())[:200] or type(text).__name__
