"""The vector index of a release, kept by Chroma's embedded HNSW engine."""

import os
import shutil
import sqlite3
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from rag.adapters.indexes.views import view_folder
from rag.errors import ReleaseBroken, StorageError
from rag.ports import Ranking, Rows, Vectors
from rag.releases.disk_faults import told_as_refusal

REFUSALS = (ChromaError, OSError, sqlite3.Error)
COLLECTION = "chunks"
DATABASE = "chroma.sqlite3"
SEED = 17  # any: the same order each time
BATCH = 5000  # Chroma refuses more than 5461 records at once
FLUSHES = 10  # chosen: nothing needs to be safe before the end
HNSW_HEADER = struct.Struct("<i4Q")  # version, offset, capacity, records, bytes of a record
LENGTH_BYTES = 4  # of each record in `length.bin`
FLUSH_AT_ONCE = {"sync_threshold": 2, "batch_size": 2}
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 300}
"""ef_search 300: recall@10 1.000 on real text at .34 ms a search; 100: .998."""


def _open_client(folder: Path) -> Any:  # chromadb's client factory is untyped
    settings = ChromaSettings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(folder), settings=settings)


@contextmanager
def _collection(folder: Path) -> Iterator[Any]:
    with closing(_open_client(folder)) as client:
        yield client.get_collection(COLLECTION, embedding_function=None)


class ChromaIndexBuilder:
    """Writes names and vectors, and nothing else: texts live in `documents.db`.

    In shuffled order, the same each time: a graph that grows by one neighbour after the other
    loses more of them.
    """

    def write(self, folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
        """Create the index of `vectors[rows]` in `folder`. Raises StorageError."""
        with told_as_refusal(REFUSALS, folder, "the vector index could not be written"):
            with closing(_open_client(folder)) as client:
                seldom = max(2, len(names) // FLUSHES)
                flushed = {"sync_threshold": seldom, "batch_size": min(100, seldom)}
                collection = client.create_collection(
                    COLLECTION, embedding_function=None, configuration={"hnsw": HNSW | flushed}
                )
                _upsert(collection, names, rows, vectors)
                with warnings.catch_warnings():  # Chroma warns of the way it stores settings itself
                    warnings.simplefilter("ignore", DeprecationWarning)
                    collection.modify(configuration={"hnsw": FLUSH_AT_ONCE})
            _finish(folder, names, rows, vectors)

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Sequence[str],
        vectors: Vectors,
    ) -> None:
        """Create the index in `folder` as a copy of `base` with the difference applied.

        `vectors` are those of `added`, in order. Raises StorageError.
        """
        with told_as_refusal(REFUSALS, folder, "the vector index could not be changed"):
            shutil.copytree(base, folder)
            _replace(folder, removed, added, vectors)

    def repair(self, folder: Path, names: Sequence[str], vectors: Vectors) -> None:
        """Take vectors out of the index in `folder` and put them in once more.

        They get new places in the graph. Raises StorageError.
        """
        with told_as_refusal(REFUSALS, folder, "the vector index could not be repaired"):
            _replace(folder, names, names, vectors)


def _replace(folder: Path, removed: Sequence[str], added: Sequence[str], vectors: Vectors) -> None:
    rows = np.arange(len(added))
    with _collection(folder) as collection:
        for at in range(0, len(removed), BATCH):
            collection.delete(ids=list(removed[at : at + BATCH]))
        _upsert(collection, added, rows, vectors)
    _finish(folder, added, rows, vectors)


def _finish(folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
    """Bring the files of an index into the state in which they stay."""
    _flush(folder, names[:2], rows[:2], vectors)
    _blank_unused(folder)
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        database.execute("VACUUM")  # of the vectors noted before they were indexed


def _flush(folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
    """Have Chroma write what it has only noted so far, by noting two known records again.

    What is not written is indexed anew at each opening, and not in the same way each time.
    """
    with _collection(folder) as collection:
        for _ in range(2 if len(names) == 1 else 1):
            _upsert(collection, names, rows, vectors)


def _blank_unused(folder: Path) -> None:
    """Overwrite what the files of an index hold after their last record.

    Chroma writes the room it has reserved as it finds it in memory, with whatever was there before.
    """
    for header in folder.glob("*/header.bin"):
        _, _, _, records, record_bytes = HNSW_HEADER.unpack_from(header.read_bytes())
        for name, size in (("data_level0.bin", record_bytes), ("length.bin", LENGTH_BYTES)):
            path = header.with_name(name)
            used, whole = records * size, path.stat().st_size
            if used < whole:
                with path.open("r+b") as file:
                    file.seek(used)
                    file.write(bytes(whole - used))


def _upsert(collection: Any, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
    order = np.random.default_rng(SEED).permutation(len(names))  # chromadb is untyped
    for at in range(0, len(names), BATCH):
        batch = order[at : at + BATCH]
        collection.upsert(ids=[names[each] for each in batch], embeddings=vectors[rows[batch]])


class ChromaIndex:
    """Reads a vector index without writing to its folder; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        if not (folder / DATABASE).is_file():
            raise ReleaseBroken(f"{folder} holds no vector index")
        self._process = os.getpid()
        try:
            self._view = view_folder(folder, copied={DATABASE})
        except OSError as error:
            raise StorageError(f"no temporary copy of {DATABASE} can be made: {error}") from error
        try:
            self._client = _open_client(Path(self._view.name))
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            self._size = int(self._collection.count())
        except (ChromaError, ValueError, OSError) as error:
            self._view.cleanup()
            raise ReleaseBroken(f"the vector index in {folder} cannot be opened") from error

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest vectors by name with their cosine, best first, ties in order."""
        return self.search_many(vector[np.newaxis], limit)[0]

    def search_many(self, vectors: Vectors, limit: int) -> list[Ranking]:
        """As `search` for each of `vectors`, in less time than one by one."""
        if os.getpid() != self._process:
            raise ReleaseBroken("the vector index was opened before this process was forked")
        if not self._size:
            return [[] for _ in vectors]
        try:
            found = self._collection.query(
                query_embeddings=vectors.tolist(),
                n_results=min(limit, self._size),
                include=["distances"],
            )
        except ChromaError as error:
            raise ReleaseBroken(f"the vector index failed: {error}") from error
        distances = cast(list[list[float]], found["distances"])
        return [_rank(*each) for each in zip(found["ids"], distances, strict=True)]

    def close(self) -> None:
        """Release Chroma's files; the index cannot be used afterwards."""
        self._client.close()
        self._view.cleanup()


def _rank(names: Sequence[str], distances: Sequence[float]) -> Ranking:
    ranking = [(name, 1.0 - distance) for name, distance in zip(names, distances, strict=True)]
    return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))
