"""Exact nearest neighbours over a release's own vectors, for when its index cannot be used."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from rag.errors import ReleaseBroken
from rag.ports import Ranking, Vectors


class ExactIndex:
    """Compares a question with every vector of a release (8 ms at 100,000 of 384 dimensions)."""

    def __init__(self, release: Path) -> None:
        try:
            self._vectors: Vectors = np.load(release / "vectors.npy", mmap_mode="r")
            uri = f"{(release / 'documents.db').resolve().as_uri()}?mode=ro&immutable=1"
            with closing(sqlite3.connect(uri, uri=True)) as database:
                self._ids: dict[int, str] = dict(database.execute("SELECT row, id FROM chunks"))
        except (OSError, ValueError, sqlite3.DatabaseError) as error:
            raise ReleaseBroken(f"the vectors of {release} cannot be read: {error}") from error

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest chunks with their cosine, best first, ties in order of id."""
        scores = self._vectors @ vector
        spare = len(scores) - len(self._ids)  # rows that no chunk has any more
        wanted = min(limit + spare, len(scores))
        rows = np.argsort(-scores)[:wanted].tolist()
        ranking = [(self._ids[row], float(scores[row])) for row in rows if row in self._ids]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def close(self) -> None:
        """Nothing is held open."""
