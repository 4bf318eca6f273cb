"""The vector index of a release, kept by Chroma's embedded HNSW engine."""

import os
import shutil
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import chromadb
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from rag.errors import ReleaseBroken, StorageError
from rag.ports import Ranking, Vectors

COLLECTION = "chunks"
BATCH = 5000  # Chroma refuses more than 5461 records at once
FLUSHES = 10
HNSW_HEADER = struct.Struct("<i4Q")  # version, offset, capacity, records, bytes of a record
LENGTH_BYTES = 4
FLUSH_AT_ONCE = {"sync_threshold": 2, "batch_size": 2}
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 300}


def _open_client(folder: Path) -> Any:  # chromadb's client factory is untyped
    settings = ChromaSettings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(folder), settings=settings)


class ChromaIndexBuilder:
    """Writes chunk ids and vectors, and nothing else: texts live in `documents.db`."""

    def write(self, folder: Path, ids: Sequence[str], vectors: Vectors) -> None:
        """Create the index in `folder`. Raises StorageError when Chroma cannot write it."""
        try:
            client = _open_client(folder)
            try:
                seldom = max(2, len(ids) // FLUSHES)
                flushed = {"sync_threshold": seldom, "batch_size": min(100, seldom)}
                collection = client.create_collection(
                    COLLECTION, embedding_function=None, configuration={"hnsw": HNSW | flushed}
                )
                _upsert(collection, ids, vectors)
                with warnings.catch_warnings():  # Chroma warns of the way it stores settings itself
                    warnings.simplefilter("ignore", DeprecationWarning)
                    collection.modify(configuration={"hnsw": FLUSH_AT_ONCE})
            finally:
                client.close()
            _flush(folder, list(ids[:2]), vectors[:2])
            _blank_unused(folder)
        except (ChromaError, OSError) as error:
            raise StorageError(f"the vector index could not be written: {error}") from error

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
        try:
            shutil.copytree(base, folder)
            client = _open_client(folder)
            try:
                collection = client.get_collection(COLLECTION, embedding_function=None)
                for at in range(0, len(removed), BATCH):
                    collection.delete(ids=list(removed[at : at + BATCH]))
                _upsert(collection, added, vectors)
            finally:
                client.close()
            _flush(folder, list(added[:2]), vectors[:2])
            _blank_unused(folder)
        except (ChromaError, OSError) as error:
            raise StorageError(f"the vector index could not be changed: {error}") from error


def _flush(folder: Path, ids: list[str], vectors: Vectors) -> None:
    """Have Chroma write what it has only noted so far, by noting two known records again.

    What is not written is indexed anew at each opening, and not in the same way each time.
    """
    client = _open_client(folder)
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        for _ in range(2 if len(ids) == 1 else 1):
            _upsert(collection, ids, vectors)
    finally:
        client.close()


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


def _upsert(collection: Any, ids: Sequence[str], vectors: Vectors) -> None:  # chromadb is untyped
    for at in range(0, len(ids), BATCH):
        batch = slice(at, at + BATCH)
        collection.upsert(ids=list(ids[batch]), embeddings=vectors[batch])


class ChromaIndex:
    """Reads a release's vector index; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "chroma.sqlite3").is_file():
            raise ReleaseBroken(f"{folder} holds no vector index")
        self._process = os.getpid()
        try:
            self._client = _open_client(folder)
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            self._size = int(self._collection.count())
        except (ChromaError, ValueError, OSError) as error:
            raise ReleaseBroken(f"the vector index in {folder} cannot be opened") from error

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest chunks with their cosine, best first, ties in order of id."""
        if os.getpid() != self._process:
            raise ReleaseBroken("the vector index was opened before this process was forked")
        if not self._size:
            return []
        try:
            found = self._collection.query(
                query_embeddings=[vector.tolist()],
                n_results=min(limit, self._size),
                include=["distances"],
            )
        except ChromaError as error:
            raise ReleaseBroken(f"the vector index failed: {error}") from error
        distances = cast(list[list[float]], found["distances"])[0]
        ranking = [
            (id_, 1.0 - distance) for id_, distance in zip(found["ids"][0], distances, strict=True)
        ]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))

    def close(self) -> None:
        """Release Chroma's files; the index cannot be used afterwards."""
        self._client.close()
