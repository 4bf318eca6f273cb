"""Chunks whose embedded text is the same share one vector in the index of a release.

An index over many equal vectors loses some, so it holds each once, by a name of its own; a vector
that is found stands for all chunks that have it.
"""

import json
from pathlib import Path

from rag.ports import Ranking, VectorIndex, Vectors
from rag.releases.files import ReleaseDatabase

SHARERS = """SELECT c.vector, c.id FROM json_each(?) n CROSS JOIN chunks c
    ON c.id IN (SELECT id FROM chunks WHERE vector = n.value ORDER BY id LIMIT ?)"""


class SharedVectors:
    """Searches an index of distinct vectors and names chunks; safe to share between threads."""

    def __init__(self, index: VectorIndex, documents: Path) -> None:
        self._index = index
        self._database = ReleaseDatabase(documents)

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest chunks with their cosine, best first, ties in order of id."""
        found = dict(self._index.search(vector, limit))
        sharers = self._database.rows(SHARERS, (json.dumps([*found]), limit))
        ranking = [(id_, found[name]) for name, id_ in sharers]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def close(self) -> None:
        """Close the index and the database that names the chunks."""
        self._index.close()
        self._database.close()
