"""A question put to a release, or to the part of it that filters leave.

An approximate index that is filtered while it is walked gets slow and loses neighbours. So a small
part is compared vector by vector, and of a large one the index is asked for as many more as its
share makes needed; where these are too few after all, the part is searched by itself. The lexical
index of a reader holds what they may read alone: only their filters make a part of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rag.domain import Ranking
from rag.ports import Embedder, Subset, Vectors
from rag.releases.filters import Condition
from rag.releases.folder import OpenRelease

MOST_ROWS_COMPARED = 20_000
"""Comparing so many takes .4 ms; all of 100,000 take 8 ms, the graph 1 ms."""
LEAST_SHARE_OF_WORDS = 0.1  # chosen: below it most of what an index gives would be thrown away
SPARE = 1.3  # chosen: parts are not spread evenly, and asking twice costs more


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question, the release it is asked of, and the embedder that made the release.

    With a `subset` nothing else of the release is found; `conditions` are the filters behind it.
    A `vector` that is given is the question's, embedded before.
    """

    text: str
    release: OpenRelease
    embedder: Embedder
    subset: Subset | None = None
    conditions: tuple[Condition, ...] = ()
    vector: Vectors | None = None

    def find_vectors(self, limit: int) -> Ranking:
        """The `limit` chunks nearest to the question, with their cosine."""
        release, subset, vector = self.release, self.subset, self.vector
        if vector is None:
            vector = self.embedder.embed_queries([self.text])[0]
        if subset is None:
            return release.vectors.search(vector, limit)
        if len(subset.rows) > MOST_ROWS_COMPARED:
            share = len(subset.rows) / release.manifest.chunks
            found = self._spare(release.vectors.search(vector, _wanted(limit, share)), subset)
            if len(found) >= limit:
                return found[:limit]
        return release.vector_rows.nearest(vector, subset.rows, limit)

    def find_words(
        self, search: Callable[[str, int, Subset | None], Ranking], limit: int
    ) -> Ranking:
        """The `limit` best chunks by one of the lexical searches."""
        subset = self.subset if self.conditions else None
        share = 0.0 if subset is None else len(subset.rows) / (self.release.readable.chunks or 1)
        if subset is not None and share > LEAST_SHARE_OF_WORDS:
            found = self._spare(search(self.text, _wanted(limit, share), None), subset)
            if len(found) >= limit:
                return found[:limit]
        return search(self.text, limit, subset)

    def _spare(self, ranking: Ranking, subset: Subset) -> Ranking:
        """What of the best of the whole is in `subset`."""
        rows = self.release.documents.rows([id_ for id_, _ in ranking])
        found = [(rows[pair[0]], pair) for pair in ranking if pair[0] in rows]
        is_in = np.isin([row for row, _ in found], subset.rows, assume_unique=True)
        return [pair for (_, pair), kept in zip(found, is_in, strict=True) if kept]


def _wanted(limit: int, share: float) -> int:
    """Of how many of the whole there are `limit`, and some to spare, in a part of that share."""
    return int(SPARE * limit / share) + 1
