"""How well a ranking finds the evidence: functions of targets (at least one) and ranked hits.

A hit *touches* a target when it shares at least one character with one of its places, in a document
of the same version, so that a second copy of the same file counts as well.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from evals.samples.locating import Location, Target
from rag.domain import Hit, Span


def touches(target: Target, version: str, span: Span) -> bool:
    """True if the span of that document version shares a character with a place of the target."""
    return any(
        version == place.version and span.start < place.span.end and place.span.start < span.end
        for place in target.places
    )


def first_ranks(targets: Sequence[Target], hits: Sequence[Hit]) -> list[int | None]:
    """For each target the rank from 1 of the first hit that touches it, None if none does."""
    return [
        next(
            (
                rank
                for rank, hit in enumerate(hits, 1)
                if touches(target, hit.document.version, hit.chunk.span)
            ),
            None,
        )
        for target in targets
    ]


def evidence_recall(targets: Sequence[Target], hits: Sequence[Hit], budget: int) -> float:
    """Share of the evidence's characters within the first `budget` characters of the ranking.

    The hit that crosses the budget counts with its beginning. Of a target's places the one that was
    read most counts.
    """
    read = list(_read(hits, budget))
    found = sum(target.characters * _share_read(target, read) for target in targets)
    return found / sum(target.characters for target in targets)


def _read(hits: Sequence[Hit], budget: int) -> Iterator[Location]:
    left = budget
    for hit in hits:
        start = hit.chunk.span.start
        end = min(hit.chunk.span.end, start + left)
        yield Location(hit.document.version, Span(start, end))
        left -= end - start
        if left <= 0:
            return


def _share_read(target: Target, read: Sequence[Location]) -> float:
    shares = []
    for place in target.places:
        wanted = range(place.span.start, place.span.end)
        spans = [one.span for one in read if one.version == place.version]
        found = sum(any(span.start <= at < span.end for span in spans) for at in wanted)
        shares.append(found / len(wanted))
    return max(shares, default=0.0)


def hit_at(targets: Sequence[Target], hits: Sequence[Hit], k: int) -> float:
    """1 if any of the first `k` hits touches any target, else 0."""
    return float(any(_found(first_ranks(targets, hits[:k]))))


def evidence_hit_at(targets: Sequence[Target], hits: Sequence[Hit], k: int) -> float:
    """1 if every target, and so every document needed, is touched by one of the first `k` hits."""
    return float(all(rank is not None for rank in first_ranks(targets, hits[:k])))


def reciprocal_rank(targets: Sequence[Target], hits: Sequence[Hit]) -> float:
    """1 / rank of the first hit that touches any target, 0 if none does."""
    return 1 / min(_found(first_ranks(targets, hits)), default=math.inf)


def ndcg_at(targets: Sequence[Target], hits: Sequence[Hit], k: int) -> float:
    """Normalised discounted gain of the targets, each gained at the first hit that touches it.

    The i-th target to be found counts at rank i at best, so one hit that holds two targets is worth
    as much as the ideal ranking, never more.
    """
    ranks = sorted(_found(first_ranks(targets, hits[:k])))
    gain = sum(_discount(max(rank, place)) for place, rank in enumerate(ranks, 1))
    ideal = sum(_discount(place) for place in range(1, min(len(targets), k) + 1))
    return min(gain / ideal, 1.0)


def _found(ranks: Iterable[int | None]) -> list[int]:
    return [rank for rank in ranks if rank is not None]


def _discount(rank: int) -> float:
    return 1 / math.log2(1 + rank)
