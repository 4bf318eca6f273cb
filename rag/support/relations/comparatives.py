"""A comparison of two things, held against the amounts that the evidence has of each.

"More posts than Port Maren" shares its words with a source that has six there and two here. So the
amounts are looked up, in other sentences and rows too, and it is seen which is greater.
"""

from collections.abc import Iterator, Set
from typing import NamedTuple

import numpy as np

from rag.support.facts.comparing import Comparison
from rag.support.facts.quantities import Quantity
from rag.support.facts.statement import read_facts
from rag.support.reading import ReadEvidence, ReadText

GREATER = frozenset(
    (
        *("more", "greater", "higher", "larger", "bigger", "longer", "later", "older", "taller"),
        *("heavier", "warmer", "hotter", "dearer", "wider", "deeper"),
    )
)
LESS = frozenset(
    (
        *("fewer", "less", "lower", "smaller", "shorter", "earlier", "younger", "lighter"),
        *("colder", "cooler", "cheaper", "narrower", "shallower"),
    )
)
TURNS = frozenset(("no", "not", "never", "nobody", "nothing"))
ENDS = frozenset(".;:,")
ABOVE = 0.5  # what a word of the heading counts, against one beside the amount; chosen
FARTHER = 0.03  # what each word between costs; chosen
RIVAL = 0.3  # what it costs an amount to stand by the other thing; chosen
SHARED = 0.3  # what the words of both things count; chosen
LEAST = 0.35  # fit from which an amount is one of that thing; chosen


class _Compared(NamedTuple):
    """The stems of each thing, those of both, and whether the first is said to be greater."""

    first: Set[str]
    second: Set[str]
    both: Set[str]
    is_greater: bool
    is_turned: bool


class _Place(NamedTuple):
    """An amount of the evidence, the text it stands in and the stems above it."""

    amount: Quantity
    text: ReadText
    above: Set[str]


def compare_order(claim: ReadText, evidence: ReadEvidence, found: Comparison) -> None:
    """Note that a comparison is the other way round in the evidence."""
    compared = _read_comparison(claim)
    pair = _find_amounts(compared, evidence) if compared else None
    if not compared or not pair:
        return
    one, two = (max(each.sizes) for each in pair)
    order = (one > two) - (one < two) if compared.is_greater else (one < two) - (one > two)
    if order > 0 if compared.is_turned else order <= 0:
        found.differ("other order", f"the source says {pair[0].words} and {pair[1].words}")


def _read_comparison(claim: ReadText) -> _Compared | None:
    """The first comparison with another thing; one with an amount is a bound."""
    words = [word.lower() for word in claim.words]
    than = words.index("than") if "than" in words else 0
    at = next((k for k in range(than - 1, -1, -1) if words[k] in GREATER | LESS), -1)
    end = next((k for k in range(than, len(words)) if words[k] in ENDS), len(words))
    amounts = read_facts(" ".join(claim.words[than + 1 : end])).quantities
    if at < 0 or not all(each.is_small_count for each in amounts):
        return None

    def stems(first: int, last: int) -> set[str]:
        return {claim.stems[k] for k in np.flatnonzero(claim.is_content) if first <= k < last}

    left, right = stems(0, at), stems(than + 1, end)
    between = stems(at + 1, than)
    is_of_nouns = bool(between & right)  # "more red cats than black cats"
    first = between if is_of_nouns else left
    both = first & right if is_of_nouns else between | (left & right)
    if not any(stem.isalpha() for stem in right - both):
        return None
    is_turned = bool(TURNS.intersection(words[max(0, at - 2) : at]))
    return _Compared(first - both, right - both, both, words[at] in GREATER, is_turned)


def _find_amounts(compared: _Compared, evidence: ReadEvidence) -> tuple[Quantity, Quantity] | None:
    """The two amounts of one kind that fit the two things best."""
    places = list(_list_amounts(evidence))
    first, second, both = compared.first, compared.second, compared.both
    ones = [(fit, one) for one in places if (fit := _fit(one, first, second, both)) > LEAST]
    twos = [(fit, two) for two in places if (fit := _fit(two, second, first, both)) > LEAST]
    pairs = [
        (fit + other, one.amount, two.amount)
        for fit, one in ones
        for other, two in twos
        if one is not two and one.amount.kind == two.amount.kind
    ]
    _, *best = max(pairs, key=lambda pair: pair[0], default=(0.0,))
    return (best[0], best[1]) if best else None


def _list_amounts(evidence: ReadEvidence) -> Iterator[_Place]:
    for at, unit in enumerate(evidence.units):
        above = set(evidence.contexts[evidence.context_of[at]].stems)
        for amount in read_facts(unit.text).quantities if unit.carries else ():
            if not amount.is_vague:
                yield _Place(amount, evidence.texts[at], above)


def _fit(place: _Place, own: Set[str], rival: Set[str], both: Set[str]) -> float:
    """How many of a thing's words stand by an amount; none of them is 0."""
    at = place.text.place(place.amount.start)
    near = {s: min(_distances(place.text, s, at), default=None) for s in own | rival}
    found = [
        1 - FARTHER * far if (far := near[s]) is not None else ABOVE * (s in place.above)
        for s in own
    ]
    ours = min((far for s in own if (far := near[s]) is not None), default=np.inf)
    theirs = min((far for s in rival if (far := near[s]) is not None), default=np.inf)
    shared = [s in place.text.stems or s in place.above for s in both]
    if not any(found) or (both and not any(shared)):
        return 0.0
    fit = sum(found) / len(own) - RIVAL * (theirs < ours)
    return fit + SHARED * sum(shared) / max(1, len(shared))


def _distances(text: ReadText, stem: str, at: int) -> Iterator[int]:
    return (abs(place - at) for place, other in enumerate(text.stems) if other == stem)
