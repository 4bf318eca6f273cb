"""Amounts that a source does not name and yet says: within its range or bound, or by a division."""

from collections.abc import Sequence
from itertools import pairwise

from rag.support.facts.quantities import SAME, Quantity

LOWER, UPPER = ("at least", "from", "after"), ("at most", "until", "before")


def is_implied(wanted: Quantity, source: Sequence[Quantity]) -> bool:
    """Whether an amount lies within what the source allows, or comes of two amounts there."""
    same_kind = [each for each in source if each.kind == wanted.kind]
    if wanted.bound and any(not each.bound and not each.until for each in same_kind):
        return all(_is_in(wanted, max(each.sizes)) for each in same_kind)
    if wanted.kind == "share":
        return _is_share_of(wanted, [each for each in source if each.kind != "share"])
    if wanted.kind == "time":
        clocks = [max(each.sizes) for each in source if each.kind == "clock"]
        same = [_is_same(max(wanted.sizes), late - early) for early, late in pairwise(clocks)]
        if any(same):
            return True
    return not wanted.bound and any(_allows(each, max(wanted.sizes)) for each in same_kind)


def _allows(source: Quantity, size: float) -> bool:
    """Whether "30 to 59 minutes" or "120 minutes or more" speak of a time of that length."""
    if source.until:
        low, high = sorted((max(source.sizes), source.until))
        return low <= size <= high
    return bool(source.bound) and _is_in(source, size)


def _is_in(bounded: Quantity, size: float) -> bool:
    limit = max(bounded.sizes)
    return size >= limit if bounded.bound in LOWER else size <= limit


def _is_share_of(wanted: Quantity, source: Sequence[Quantity]) -> bool:
    """Whether the first two amounts of one kind stand to each other as that share says."""
    for one, two in pairwise(source):
        if two.kind in (one.kind, "count") and not one.until:
            is_count = "count" in (one.kind, two.kind)
            both = (one.values, two.values) if is_count else (one.sizes, two.sizes)
            low, high = sorted(max(each) for each in both)
            found = low / high if high else 0.0
            return _is_in(wanted, found) if wanted.bound else _is_same(max(wanted.sizes), found)
    return False


def _is_same(one: float, two: float) -> bool:
    return abs(one - two) <= SAME * max(one, two)
