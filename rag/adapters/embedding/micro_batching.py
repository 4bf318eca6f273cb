"""Questions of several threads embedded together: no wait alone, one pass for all under load."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from cachetools import LRUCache

from rag.errors import EmbedderError
from rag.ports import Embedder, Vectors

MOST_TEXTS = 32  # chosen: the 32 clients that are measured at once
REMEMBERED = 1024  # chosen: 1.5 MB with 384 numbers
SENTENCES_REMEMBERED = 16_384  # chosen: 50 MB with 768 numbers; single words are among them


@dataclass(slots=True, eq=False)
class _Call:
    """One thread's texts, and the vectors that it waits for."""

    texts: Sequence[str]
    vectors: Future[Vectors] = field(default_factory=Future)


class MicroBatchingEmbedder:
    """An embedder whose `embed_queries` gathers what arrives while it is busy.

    One thread embeds, since torch keeps memory and threads of its own for each that calls it. What
    comes while it works goes into its next pass together; nobody waits for a pass to fill. A
    question that was asked lately is not embedded again.
    """

    def __init__(self, embedder: Embedder, *, most_texts: int = MOST_TEXTS) -> None:
        self._embedder = embedder
        self._parts: dict[int, MicroBatchingEmbedder] = {}
        self._known: LRUCache[str, Vectors] = LRUCache(REMEMBERED)
        self._sentences: LRUCache[str, Vectors] = LRUCache(SENTENCES_REMEMBERED)
        self._most_texts = most_texts
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")

    @property
    def fingerprint(self) -> str:
        """That of the embedder itself."""
        return self._embedder.fingerprint

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself; a sentence that was read lately is not embedded again."""
        with self._lock:
            vectors = {text: self._sentences.get(text) for text in texts}
        new = [text for text, vector in vectors.items() if vector is None]
        if new:
            embedded = dict(zip(new, self._embedder.embed_documents(new), strict=True))
            vectors |= embedded
            with self._lock:
                self._sentences.update(embedded)
        return np.stack([vector for text in texts if (vector := vectors[text]) is not None])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As the embedder itself, together with what other threads ask."""
        call = _Call(texts)
        with self._lock:
            known = [self._known.get(text) for text in texts]
            if known and all(vector is not None for vector in known):
                return np.stack([vector for vector in known if vector is not None])
            self._waiting.append(call)
        self._thread.submit(self._embed_waiting)
        vectors = call.vectors.result()
        with self._lock:
            self._known.update(zip(texts, vectors, strict=True))
        return vectors

    def for_sentences(self, question: str) -> "MicroBatchingEmbedder":
        """As the embedder itself, its part gathering what arrives too."""
        part = self._embedder.for_sentences(question)
        if part is self._embedder:
            return self
        with self._lock:
            return self._parts.setdefault(id(part), MicroBatchingEmbedder(part))

    def _embed_waiting(self) -> None:
        """One pass over the calls that wait; none may do so, since each call asks for a pass."""
        with self._lock:
            batch = self._take()
        if batch:
            self._embed(batch)

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
