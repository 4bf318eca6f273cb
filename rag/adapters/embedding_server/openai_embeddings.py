"""The embedder of an OpenAI-compatible server: batches that fit, unit vectors, tokens counted."""

import hashlib
import json
import logging
import re
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from rag.adapters.embedding_server.replies import read_answer, unusable
from rag.adapters.embedding_server.requests import (
    EmbeddingsServer,
    RequestRefused,
    shown_place,
    split_address,
)
from rag.errors import EmbedderError
from rag.ports import Vectors

log = logging.getLogger(__name__)

WINDOW_TOKENS = 8191  # that of OpenAI's embedding models
BATCH_TEXTS = 256  # OpenAI takes 2,048; 256 keep a reply below 50 MB
BATCH_TOKENS = 200_000  # OpenAI takes 300,000, and ours are estimates
PASSAGES_BUDGET = 3  # times the time of one request: passages may wait until a limit has passed
PIECE = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]|\n+")


def fingerprint_of(
    model: str, base_url: str = "", query_prefix: str = "", document_prefix: str = ""
) -> str:
    """The fingerprint of the embedder that these would make, without asking the server.

    Scheme, credentials and query of the address do not count. Raises EmbedderError.
    """
    if not (model.isprintable() and model.strip()):
        raise EmbedderError(f"RAG_EMBEDDER={model[:60]!r} is no name of a model")
    parts = [shown_place(split_address(base_url)), model, query_prefix, document_prefix]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"openai:{model}@{digest[:12]}:remote"


class OpenAIEmbedder:
    """Embeds through a server; calls from several threads run side by side.

    `timeout_s` is the time of one request, and of questions over all attempts; a request of
    passages may take three times as long over all attempts.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str,
        query_prefix: str = "",
        document_prefix: str = "",
        timeout_s: float = 60.0,
    ) -> None:
        self.fingerprint = fingerprint_of(model, base_url, query_prefix, document_prefix)
        self._server = EmbeddingsServer(
            model, base_url=base_url, api_key=api_key, timeout_s=timeout_s
        )
        self._query_prefix, self._document_prefix = query_prefix, document_prefix
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._tokens_used = 0
        self._dimensions = 0

    @property
    def tokens_used(self) -> int:
        """Tokens that the server has counted since this embedder was made."""
        with self._lock:
            return self._tokens_used

    @property
    def max_tokens(self) -> int:
        """The window of OpenAI's models less the prefix of passages."""
        return WINDOW_TOKENS - self.count_tokens([self._document_prefix])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate, rather too high than too low: the vocabulary is the server's.

        One token for every three letters or digits of a word, for each other visible ASCII
        character and for each run of line ends; beyond ASCII one for every UTF-8 byte but the
        first of a character.
        """
        return [sum(map(_piece_tokens, PIECE.findall(text))) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`. Raises EmbedderError."""
        return self._embed(texts, self._document_prefix, self._timeout_s * PASSAGES_BUDGET)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`. Raises EmbedderError."""
        return self._embed(texts, self._query_prefix, self._timeout_s)

    def for_sentences(self, question: str) -> "OpenAIEmbedder":
        """Itself."""
        return self

    def _embed(self, texts: Sequence[str], prefix: str, budget_s: float) -> Vectors:
        if not texts:
            return np.zeros((0, self._dimensions), dtype=np.float32)
        whole = [text.encode(errors="replace").decode() for text in texts]
        counts = self.count_tokens([prefix + text for text in whole])
        parts = [self._embed_batch(b, prefix, budget_s) for b in _batches(whole, counts)]
        log.info("embedded texts=%d tokens_in_all=%d", len(texts), self.tokens_used)
        return np.vstack(parts)

    def _embed_batch(self, texts: Sequence[str], prefix: str, budget_s: float) -> Vectors:
        try:
            return self._request([prefix + text for text in texts], budget_s)
        except RequestRefused as refused:
            if not refused.is_too_long:
                raise
            if len(texts) == 1:
                raise EmbedderError(
                    f"a text of {len(texts[0]):,} characters that begins {texts[0][:60]!r} is too "
                    f"long: set RAG_EMBEDDER to a model with a longer window ({refused})"
                ) from refused
        half = len(texts) // 2
        parts = (texts[:half], texts[half:])
        return np.vstack([self._embed_batch(part, prefix, budget_s) for part in parts])

    def _request(self, texts: Sequence[str], budget_s: float) -> Vectors:
        vectors, tokens = read_answer(self._server.ask(texts, budget_s), len(texts))
        with self._lock:
            self._tokens_used += tokens
            known = self._dimensions = self._dimensions or vectors.shape[1]
        if vectors.shape[1] != known:
            raise unusable(f"its vectors have {vectors.shape[1]} numbers, those before had {known}")
        return vectors


def _piece_tokens(piece: str) -> int:
    if not piece.isascii():
        return len(piece.encode(errors="replace")) - 1
    return -(-len(piece) // 3) if piece.isalnum() else 1


def _batches(texts: Sequence[str], counts: Sequence[int]) -> Iterator[list[str]]:
    batch: list[str] = []
    total = 0
    for text, count in zip(texts, counts, strict=True):
        if batch and (len(batch) == BATCH_TEXTS or total + count > BATCH_TOKENS):
            yield batch
            batch, total = [], 0
        batch.append(text)
        total += count
    yield batch
