"""Exact nearest neighbours over a release's own vectors: of a part of it, or of all of it."""

import json
from pathlib import Path

import numpy as np

from rag.ports import Ranking, Rows, Vectors
from rag.releases.files import ReleaseDatabase, read_vectors

BLOCK = 16_384  # chosen: 25 MB of vectors with 384 numbers


class ExactVectors:
    """Compares a question with every vector that may be found; safe to share between threads."""

    def __init__(self, release: Path) -> None:
        self._vectors = read_vectors(release)
        self._database = ReleaseDatabase(release / "documents.db")
        [(chunks,)] = self._database.rows("SELECT count(*) FROM chunks")
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
        sql = "SELECT row, id FROM chunks WHERE row IN (SELECT value FROM json_each(?))"
        ids = dict(self._database.rows(sql, [json.dumps(rows[best].tolist())]))
        ranking = [
            (ids[row], score)
            for row, score in zip(rows[best].tolist(), scores[best].tolist(), strict=True)
            if row in ids
        ]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def read(self, rows: Rows) -> Vectors:
        """The vectors of these rows."""
        return np.asarray(self._vectors[rows])

    def _block(self, rows: Rows) -> Vectors:
        first, last = int(rows[0]), int(rows[-1])
        whole = self._vectors[first : last + 1]
        return whole if len(whole) == len(rows) else self._vectors[rows]

    def close(self) -> None:
        """Close the database that names the rows."""
        self._database.close()
