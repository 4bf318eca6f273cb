"""Searching a part of a release: exactly where it is small, else in all of it with some to spare.

An approximate index that is filtered while it is walked gets slow and loses neighbours. So a small
part is compared vector by vector, and of a large one the index is asked for as many more as its
share makes needed; where these are too few after all, the part is searched by itself. The lexical
index of a reader holds what they may read alone: only their filters make a part of it.
"""

from collections.abc import Callable

import numpy as np

from rag.ports import Ranking, Subset, Vectors
from rag.releases.folder import OpenRelease

MOST_ROWS_COMPARED = 20_000
LEAST_SHARE_OF_WORDS = 0.1
SPARE = 1.3


def search_vectors(
    release: OpenRelease, vector: Vectors, limit: int, subset: Subset | None
) -> Ranking:
    """The `limit` chunks of `subset` (None: of all) nearest to `vector`, with their cosine."""
    if subset is None:
        return release.vectors.search(vector, limit)
    if len(subset.rows) > MOST_ROWS_COMPARED:
        share = len(subset.rows) / release.manifest.chunks
        found = _spare(
            release.vectors.search(vector, _wanted(limit, share)), release, limit, subset
        )
        if len(found) >= limit:
            return found
    return release.vector_rows.nearest(vector, subset.rows, limit)


def search_words(
    search: Callable[[str, int, Subset | None], Ranking],
    text: str,
    limit: int,
    *,
    release: OpenRelease,
    subset: Subset | None,
) -> Ranking:
    """The `limit` best chunks of `subset` (None: of all) by one of the lexical searches."""
    share = 0.0 if subset is None else len(subset.rows) / (release.readable.chunks or 1)
    if subset is not None and share > LEAST_SHARE_OF_WORDS:
        found = _spare(search(text, _wanted(limit, share), None), release, limit, subset)
        if len(found) >= limit:
            return found
    return search(text, limit, subset)


def _wanted(limit: int, share: float) -> int:
    """Of how many of the whole there are `limit`, and some to spare, in a part of that share."""
    return int(SPARE * limit / share) + 1


def _spare(ranking: Ranking, release: OpenRelease, limit: int, subset: Subset) -> Ranking:
    """What of the best of the whole is in `subset`."""
    rows = release.documents.rows([id_ for id_, _ in ranking])
    found = [(rows[pair[0]], pair) for pair in ranking if pair[0] in rows]
    is_in = np.isin([row for row, _ in found], subset.rows, assume_unique=True)
    return [pair for (_, pair), kept in zip(found, is_in, strict=True) if kept][:limit]
