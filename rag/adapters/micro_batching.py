"""Questions of several threads embedded together: no wait alone, one pass for all under load."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from cachetools import LRUCache

from rag.errors import RagError
from rag.ports import Embedder, Vectors

MOST_TEXTS = 32
REMEMBERED = 1024


@dataclass(slots=True, eq=False)
class _Call:
    """One thread's texts; `turn` is set when they are embedded or when it must lead."""

    texts: Sequence[str]
    turn: threading.Event = field(default_factory=threading.Event)
    outcome: Vectors | RagError | None = None


class MicroBatchingEmbedder:
    """An embedder whose `embed_queries` gathers what arrives while it is busy.

    A thread that finds the embedder free embeds at once. Those that come meanwhile wait, and the
    first of them embeds for all when it is free again. Nobody waits for a batch to fill. A question
    that was asked lately is not embedded again.
    """

    def __init__(self, embedder: Embedder, *, most_texts: int = MOST_TEXTS) -> None:
        self._embedder = embedder
        self._known: LRUCache[str, Vectors] = LRUCache(REMEMBERED)
        self._most_texts = most_texts
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._is_busy = False

    @property
    def fingerprint(self) -> str:
        """That of the embedder itself."""
        return self._embedder.fingerprint

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself."""
        return self._embedder.embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself, together with what other threads ask."""
        call = _Call(texts)
        with self._lock:
            known = [self._known.get(text) for text in texts]
            if known and all(vector is not None for vector in known):
                return np.stack([vector for vector in known if vector is not None])
            self._waiting.append(call)
            leads, self._is_busy = not self._is_busy, True
        if not leads:
            call.turn.wait()
        if call.outcome is None:
            self._lead()
        if isinstance(call.outcome, RagError):
            raise call.outcome
        assert call.outcome is not None
        with self._lock:
            self._known.update(zip(texts, call.outcome, strict=True))
        return call.outcome

    def _lead(self) -> None:
        """Embed the calls that wait, this thread's own first, and hand on to the next thread."""
        with self._lock:
            batch = self._take()
        try:
            self._embed(batch)
        finally:
            for call in batch:
                call.turn.set()
            with self._lock:
                self._is_busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.set()

    def _take(self) -> list[_Call]:
        batch: list[_Call] = []
        texts = 0
        while self._waiting and (
            not batch or texts + len(self._waiting[0].texts) <= self._most_texts
        ):
            batch.append(self._waiting.pop(0))
            texts += len(batch[-1].texts)
        return batch

    def _embed(self, batch: Sequence[_Call]) -> None:
        try:
            vectors = self._embedder.embed_queries([text for call in batch for text in call.texts])
        except RagError as error:
            if len(batch) == 1:
                batch[0].outcome = error
                return
            for call in batch:  # one question that cannot be embedded fails alone
                self._embed([call])
            return
        at = 0
        for call in batch:
            call.outcome = vectors[at : at + len(call.texts)]
            at += len(call.texts)
