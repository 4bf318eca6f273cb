"""Amounts that a source allows or yields, though it does not name them."""

import pytest

from rag.support.facts.implied import is_implied
from rag.support.facts.quantities import find_quantities


def implied(claim: str, source: str) -> bool:
    return is_implied(find_quantities(claim)[0], find_quantities(source))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("45 minutes late", "30 to 59 minutes late"),
        ("two and a half hours late", "120 minutes or more"),
        ("a child of nine", "children under 10"),
        ("less than a minute after", "40 seconds after"),
        ("more than half of them", "eleven reports, seven of them on board"),
        ("three in four samples", "three of four samples"),
        ("takes an hour and a half", "from 13:00 to 14:30"),
    ],
)
def test_an_amount_that_the_source_allows_or_yields_is_implied(claim: str, source: str) -> None:
    assert implied(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("61 minutes late", "30 to 59 minutes late"),
        ("at most 12 hours", "at most 13 hours"),
        ("a child of twelve", "children under 10"),
        ("fewer than half of them", "eleven reports, seven of them on board"),
        ("takes two hours", "from 13:00 to 14:30"),
        ("five days", "four days"),
    ],
)
def test_another_amount_is_not_implied(claim: str, source: str) -> None:
    assert not implied(claim, source)
