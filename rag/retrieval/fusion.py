"""Fusion of rankings: min-max normalised scores added, then shared with the neighbours.

Min-max fusion of the best beats dense search, BM25 and reciprocal-rank fusion, and lending
part of a chunk's score to the chunks beside it gains again; `make bench` measures it. Rankings by
words weigh the less the less of a question any chunk has: docs/decisions/fusion.md.
"""

from collections.abc import Mapping, Sequence

from rag.domain import Ranking
from rag.ports import DocumentStore

Scores = dict[str, float]
VARIANTS_SHARE = 0.45  # chosen: the question as it was asked weighs more than all other wordings
RANK_OFFSET = 5
"""With these, what all variants find first comes after the first two of the question itself."""


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


def weigh_words(
    weights: Mapping[str, float], known: float, *, enough: float, instead: str
) -> dict[str, float]:
    """`weights`, the rankings by words in proportion to the share of a question that is `known`.

    From `enough` on they have all of theirs. What they lose the ranking `instead` gets.
    """
    share = min(1.0, known / enough)
    words = {name: share * weight for name, weight in weights.items() if name != instead}
    return words | {instead: sum(weights.values()) - sum(words.values())}


def share_with_neighbours(scores: Scores, store: DocumentStore, share: float) -> Scores:
    """Each chunk's score plus `share` of the scores of the chunks directly before and after it."""
    rows = store.rows(list(scores))
    by_row = {row: id_ for id_, row in rows.items()}
    pairs = [(id_, by_row[row + 1]) for id_, row in rows.items() if row + 1 in by_row]
    owners = store.owners([id_ for pair in pairs for id_ in pair])
    shared = dict(scores)
    for first, second in pairs:
        if owners[first] == owners[second]:
            shared[first] += share * scores[second]
            shared[second] += share * scores[first]
    return shared


def by_score(scores: Mapping[str, float]) -> Ranking:
    """The best first; equal ones in the order of their ids, so that it is always the same."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def fuse_wordings(rankings: Sequence[Ranking]) -> Ranking:
    """Rankings for several wordings by weighted reciprocal ranks, the first one weighing most.

    The variants share VARIANTS_SHARE of the weight. Scores lie in (0, 1]. Empty for one wording,
    whose ranking stands as it is.
    """
    if len(rankings) < 2:
        return []
    share = VARIANTS_SHARE / (len(rankings) - 1)
    weights = [1 - VARIANTS_SHARE, *[share] * (len(rankings) - 1)]
    scores: Scores = {}
    for weight, ranking in zip(weights, rankings, strict=True):
        for rank, (id_, _) in enumerate(ranking):
            score = weight * RANK_OFFSET / (RANK_OFFSET + rank)
            scores[id_] = scores.get(id_, 0.0) + score
    return by_score(scores)
