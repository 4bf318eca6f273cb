"""Texts of several threads embedded together: no wait alone, one pass for all under load."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from cachetools import LRUCache

from rag.errors import EmbedderError
from rag.ports import CountingEmbedder, Vectors

MOST_TEXTS = 32  # chosen: the 32 clients that are measured at once
REMEMBERED = 32_768  # chosen: 50 MB with 384 numbers; single words are among them

Kind = Literal["documents", "queries"]


@dataclass(slots=True, eq=False)
class _Call:
    """One thread's texts, and the vectors that it waits for."""

    kind: Kind
    texts: Sequence[str]
    vectors: Future[Vectors] = field(default_factory=Future)


class MicroBatchingEmbedder:
    """An embedder that gathers what arrives while it is busy.

    One thread embeds, since torch keeps memory and threads of its own for each that calls it. What
    comes while it works goes into its next pass together; nobody waits for a pass to fill. A text
    that was read lately is not embedded again.
    """

    def __init__(self, embedder: CountingEmbedder, *, most_texts: int = MOST_TEXTS) -> None:
        self._embedder = embedder
        self._known: LRUCache[tuple[Kind, str], Vectors] = LRUCache(REMEMBERED)
        self._most_texts = most_texts
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")

    @property
    def fingerprint(self) -> str:
        """That of the embedder itself."""
        return self._embedder.fingerprint

    @property
    def max_tokens(self) -> int:
        """That of the embedder itself."""
        return self._embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the embedder itself."""
        return self._embedder.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself, together with what other threads ask."""
        return self._find("documents", texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself, together with what other threads ask."""
        return self._find("queries", texts)

    def for_sentences(self, question: str) -> "MicroBatchingEmbedder":
        """Itself: it gathers for one model."""
        return self

    def _find(self, kind: Kind, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts, of which only the new ones are embedded."""
        with self._lock:
            known = {text: self._known.get((kind, text)) for text in texts}
            new = [text for text, vector in known.items() if vector is None]
            call = _Call(kind, new)
            if new:
                self._waiting.append(call)
        if new:
            self._thread.submit(self._embed_waiting)
            found = dict(zip(new, call.vectors.result(), strict=True))
            known |= found
            with self._lock:
                self._known.update({(kind, text): vector for text, vector in found.items()})
        vectors = [vector for text in texts if (vector := known[text]) is not None]
        return np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)

    def _embed_waiting(self) -> None:
        """One pass over the calls that wait; none may do so, since each call asks for a pass."""
        with self._lock:
            batch = self._take()
        if batch:
            self._embed(batch)

    def _take(self) -> list[_Call]:
        """The first that waits, and of its kind as many others as go with it."""
        batch: list[_Call] = []
        texts = 0
        for call in [each for each in self._waiting if each.kind == self._waiting[0].kind]:
            if batch and texts + len(call.texts) > self._most_texts:
                break
            self._waiting.remove(call)
            batch.append(call)
            texts += len(call.texts)
        return batch

    def _embed(self, batch: Sequence[_Call]) -> None:
        read = self._embedder
        embed = read.embed_queries if batch[0].kind == "queries" else read.embed_documents
        try:
            vectors = embed([text for call in batch for text in call.texts])
        except BaseException as error:  # noqa: BLE001 - raised again in the threads that wait
            is_of_one = isinstance(error, EmbedderError) and not error.is_passing
            if is_of_one and len(batch) > 1:
                for call in batch:  # one question that cannot be embedded fails alone
                    self._embed([call])
                return
            for call in batch:
                call.vectors.set_exception(error)
            return
        at = 0
        for call in batch:
            call.vectors.set_result(vectors[at : at + len(call.texts)])
            at += len(call.texts)
