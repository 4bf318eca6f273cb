"""What must, should, may or need not be done, held against what is said of the same in the source.

A sentence can hold several duties, so each is compared with those that are about the same words.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rag.support.facts.comparing import Comparison
from rag.support.facts.qualifiers import DUTIES, TURNED_BOUND
from rag.support.relations.aligned import Aligned

SCOPE = 3  # content words after a duty, else before it, that it is about; chosen
REACH = 7  # words from a duty to what it is about in the source; chosen
BEFORE = 20  # characters before a duty in which it is denied, as in "does not have to"; chosen
DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|never|nobody|no|none|neither|nor)|n['’]t)\s+(?:\w+\s+)?$", re.I
)
DENIED_AFTER = re.compile(r"\s*(?:not|never)\b", re.I)
FORBIDDEN = re.compile(
    r"\b(?:cannot|can['’]t|(?:must|shall) (?:not|never)|mustn['’]t|forbidden|prohibited"
    r"|not allowed|not permitted)\b",
    re.I,
)
DENIED = {"must": "need not", "may": "must not", "should": "should not"}
"""What a denied duty comes to."""
AS_GOOD_AS = frozenset(("may", "need not"))


class Duty(NamedTuple):
    """A duty, the characters where it starts and ends, and its words."""

    kind: str
    start: int
    end: int
    words: str


def find_duties(text: str) -> list[Duty]:
    """The duties of a text, those in a turned bound ("nobody may bring more than") aside."""
    taken = [match.span() for match in TURNED_BOUND.finditer(text)]
    found = [
        Duty("must not", *match.span(), match.group().lower()) for match in FORBIDDEN.finditer(text)
    ]
    for kind, pattern in DUTIES.items():
        for match in pattern.finditer(text):
            if any(each.start <= match.start() < each.end for each in found):
                continue
            before = text[max(0, match.start() - BEFORE) : match.start()]
            is_denied = DENIED_AFTER.match(text, match.end()) or DENIED_BEFORE.search(before)
            name = DENIED[kind] if is_denied else kind
            found.append(Duty(name, *match.span(), match.group().lower()))
    return [each for each in found if not any(s <= each.start < e + BEFORE for s, e in taken)]


def compare_duties(aligned: Aligned, found: Comparison) -> None:
    """Note each duty of the claim for which the source has another one."""
    source = find_duties(aligned.text)
    for duty in find_duties(aligned.claim.text):
        places = _places(aligned, duty)
        about = [each for each in source if _is_about(aligned, each, places)]
        if about and not any(_is_same(duty.kind, each.kind) for each in about):
            words = about[0].words
            found.differ("other duty", f"the source says {words}, not {duty.words}")


def _places(aligned: Aligned, duty: Duty) -> list[int]:
    """Where in the source the words beside a duty of the claim stand."""
    claim = aligned.claim
    content = np.flatnonzero(claim.is_content)
    after = [at for at in content if claim.spans[at].start >= duty.end]
    before = [at for at in content if claim.spans[at].end <= duty.start]
    return [place for at in after[:SCOPE] or before[-SCOPE:] for place in aligned.occurrences[at]]


def _is_about(aligned: Aligned, duty: Duty, places: Sequence[int]) -> bool:
    at = aligned.find(duty.start)
    clauses = aligned.clauses
    return any(clauses[place] == clauses[at] and abs(place - at) <= REACH for place in places)


def _is_same(one: str, other: str) -> bool:
    return one == other or {one, other} == AS_GOOD_AS
