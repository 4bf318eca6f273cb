"""Fusion of rankings: min-max normalised scores added, then shared with the neighbours.

Min-max fusion of the 100 best beats dense search, BM25 and reciprocal-rank fusion, and lending a
fifth of a chunk's score to the chunks beside it gains again; `make bench` measures it.
"""

from collections.abc import Mapping

from rag.ports import DocumentStore, Ranking

Scores = dict[str, float]


def normalize(ranking: Ranking) -> Scores:
    """Scores moved to [0, 1]: the best becomes 1, the last 0; all 1 when they are equal."""
    if not ranking:
        return {}
    scores = [score for _, score in ranking]
    low, high = min(scores), max(scores)
    if high == low:
        return {id_: 1.0 for id_, _ in ranking}
    return {id_: (score - low) / (high - low) for id_, score in ranking}


def fuse(rankings: Mapping[str, Ranking], weights: Mapping[str, float]) -> Scores:
    """Weighted sum of the normalised rankings; a chunk that a ranking lacks gets 0 from it."""
    fused: Scores = {}
    for name, ranking in rankings.items():
        for id_, score in normalize(ranking).items():
            fused[id_] = fused.get(id_, 0.0) + weights[name] * score
    return fused


def share_with_neighbours(scores: Scores, store: DocumentStore, share: float) -> Scores:
    """Each chunk's score plus `share` of the scores of the chunks directly before and after it."""
    beside = store.neighbours(list(scores))
    return {
        id_: score + share * sum(scores.get(other, 0.0) for other in beside.get(id_, ()))
        for id_, score in scores.items()
    }
