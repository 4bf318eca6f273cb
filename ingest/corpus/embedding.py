"""Embeddings in the ledger: each text embedded once, kept batch by batch as it is made."""

import ctypes
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from ingest.corpus.ledger import Ledger
from rag.domain import Chunk, Span
from rag.errors import EmbedderError
from rag.ports import CountingEmbedder, Embedder, Vectors

BATCH_TEXTS = 256  # chosen: a kill loses as many; embedding takes seconds, the commit a millisecond
WINDOW_TEXTS = 20_000  # chosen: sorted by length in memory at once, some 20 MB
NORM_TOLERANCE = 1e-3  # rounding of bfloat16 moves a length by up to 4e-4
FLOAT_BYTES = 4  # float32


class LazyEmbedder:
    """Loads an embedder beside other work, and only once it `is_wanted` by somebody."""

    def __init__(self, load: Callable[[], CountingEmbedder]) -> None:
        self._load = load
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._loading: Future[CountingEmbedder] | None = None
        self.is_wanted = False

    def let_go(self) -> None:
        """Give back the memory that it takes; for whoever asks again it is loaded again."""
        if self._loading is not None and self._loading.done():
            self._loading = None
            gc.collect()
            trim_heap()

    def start(self) -> Future[CountingEmbedder]:
        """Begin to load in the background, unless that has begun."""
        self.is_wanted = True
        if self._loading is None:
            self._loading = self._thread.submit(self._load)
        return self._loading

    def get(self) -> CountingEmbedder:
        """The embedder, waiting for it. Raises EmbedderError."""
        return self.start().result()


def trim_heap() -> None:
    """Give what was freed back to the system, where its C library can."""
    with suppress(AttributeError, OSError):  # only glibc can
        ctypes.CDLL(None).malloc_trim(0)


def count_missing(ledger: Ledger, embedder: str) -> int:
    """How many different texts of the corpus have no embedding by `embedder` yet."""
    row = ledger.database.execute(
        f"SELECT count(DISTINCT c.embedded_hash) {_MISSING}", (embedder,)
    ).fetchone()
    return int(row[0])


def embed_missing(ledger: Ledger, embedder: Embedder, tell: Callable[[int], None]) -> int:
    """Embed what the ledger lacks, committing every batch; returns how many texts it were.

    `tell` hears after each batch how many. Raises EmbedderError for vectors not finite or not unit.
    """
    embedded = 0
    while texts := _missing_texts(ledger, embedder.fingerprint):
        for batch in _batches(texts):
            vectors = embedder.embed_documents([text for _, text in batch])
            _check(vectors, len(batch))
            with ledger.transaction():
                ledger.database.executemany(
                    "INSERT OR REPLACE INTO embeddings VALUES (?,?,?)",
                    (
                        (embedder.fingerprint, key, vector.tobytes())
                        for (key, _), vector in zip(batch, vectors, strict=True)
                    ),
                )
            embedded += len(batch)
            tell(embedded)
    return embedded


def count_dimensions(ledger: Ledger, embedder: str) -> int:
    """How many dimensions the embeddings by `embedder` have; 1 where there are none."""
    row = ledger.database.execute(
        f"SELECT length(vector) / {FLOAT_BYTES} FROM embeddings WHERE embedder = ? LIMIT 1",
        (embedder,),
    ).fetchone()
    return int(row[0]) if row else 1


def vectors_of(ledger: Ledger, document_id: str, *, most: int) -> list[bytes]:
    """The embeddings of a document's first chunks."""
    rows = ledger.database.execute(
        "SELECT e.vector FROM chunks c JOIN embeddings e ON e.hash = c.embedded_hash"
        " WHERE c.document_id = ? LIMIT ?",
        (document_id, most),
    )
    return [vector for (vector,) in rows]


def used_vectors(ledger: Ledger) -> Iterator[bytes]:
    """Every embedding that a chunk has."""
    sql = "SELECT vector FROM embeddings WHERE hash IN (SELECT embedded_hash FROM chunks)"
    return (vector for (vector,) in ledger.database.execute(sql))


_MISSING = """FROM chunks c WHERE NOT EXISTS
    (SELECT 1 FROM embeddings e WHERE e.embedder = ? AND e.hash = c.embedded_hash)"""


def _missing_texts(ledger: Ledger, embedder: str) -> list[tuple[bytes, str]]:
    rows = ledger.database.execute(
        f"SELECT c.embedded_hash, c.heading, c.text {_MISSING} GROUP BY c.embedded_hash LIMIT ?",
        (embedder, WINDOW_TEXTS),
    )
    return [
        (key, Chunk("", "", Span(0, 0), text, heading=tuple(json.loads(heading))).embedded_text)
        for key, heading, text in rows
    ]


def _batches(texts: list[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    by_length = sorted(texts, key=lambda pair: (-len(pair[1]), pair[0]))
    for at in range(0, len(by_length), BATCH_TEXTS):
        yield by_length[at : at + BATCH_TEXTS]


def find_unusable(stored: Sequence[bytes], dimensions: int) -> list[int]:
    """Places of the vectors, as the ledger keeps them, of other dimensions or not of length 1."""
    whole = [at for at, each in enumerate(stored) if len(each) == FLOAT_BYTES * dimensions]
    joined = np.frombuffer(b"".join(stored[at] for at in whole), dtype=np.float32)
    are_unit = _are_unit(joined.reshape(-1, dimensions)).tolist()
    usable = {at for at, is_unit in zip(whole, are_unit, strict=True) if is_unit}
    return [at for at in range(len(stored)) if at not in usable]


def _are_unit(vectors: Vectors) -> npt.NDArray[np.bool_]:
    distances = np.abs(np.linalg.norm(vectors, axis=1) - 1)
    return np.asarray(distances < NORM_TOLERANCE)  # no NaN is


def _check(vectors: Vectors, count: int) -> None:
    if len(vectors) != count or not _are_unit(vectors).all():
        raise EmbedderError("the embedder gave vectors that are not finite and of unit length")
