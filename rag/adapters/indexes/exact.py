"""Exact nearest neighbours over a release's own vectors: of a part of it, or of all of it."""

import sqlite3
import threading
from pathlib import Path

import numpy as np

from rag.errors import ReleaseBroken
from rag.ports import Ranking, Rows, Vectors

BLOCK = 16_384


class ExactVectors:
    """Compares a question with every vector that may be found; safe to share between threads."""

    def __init__(self, release: Path) -> None:
        uri = f"{(release / 'documents.db').resolve().as_uri()}?mode=ro&immutable=1"
        self._lock = threading.Lock()
        try:
            self._vectors: Vectors = np.asarray(np.load(release / "vectors.npy", mmap_mode="r"))
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            chunks = self._db.execute("SELECT count(*) FROM chunks").fetchone()[0]
        except (OSError, ValueError, sqlite3.DatabaseError) as error:
            raise ReleaseBroken(f"the vectors of {release} cannot be read: {error}") from error
        self._rows_without_chunk = len(self._vectors) - int(chunks)

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest chunks with their cosine, best first, ties in order of id."""
        rows = np.arange(len(self._vectors))
        return self.nearest(vector, rows, limit + self._rows_without_chunk)[:limit]

    def nearest(self, vector: Vectors, rows: Rows, limit: int) -> Ranking:
        """The `limit` chunks nearest to `vector` among those of `rows`, ascending; as `search`."""
        if not len(rows):
            return []
        blocks = (rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK))
        # not by BLAS: its threads and those of the embedder would wait for each other's cores
        scores = np.concatenate([np.einsum("ij,j->i", self._block(b), vector) for b in blocks])
        best = np.arange(len(rows))
        if limit < len(rows):
            least = np.partition(scores, -limit)[-limit]
            best = np.flatnonzero(scores >= least)
        ids = self._ids(rows[best].tolist())
        ranking = [
            (ids[row], score)
            for row, score in zip(rows[best].tolist(), scores[best].tolist(), strict=True)
            if row in ids
        ]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _block(self, rows: Rows) -> Vectors:
        first, last = int(rows[0]), int(rows[-1])
        whole = self._vectors[first : last + 1]
        return whole if len(whole) == len(rows) else self._vectors[rows]

    def _ids(self, rows: list[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for at in range(0, len(rows), BLOCK):
            some = rows[at : at + BLOCK]
            sql = f"SELECT row, id FROM chunks WHERE row IN ({','.join('?' * len(some))})"
            try:
                with self._lock:
                    found.update(self._db.execute(sql, some))
            except sqlite3.DatabaseError as error:
                raise ReleaseBroken(f"documents.db cannot be read: {error}") from error
        return found

    def close(self) -> None:
        """Close the database that names the rows."""
        with self._lock:
            self._db.close()
