"""Whether documents seem to answer a question that a set calls unanswerable."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Hit
from rag.ports import Evidence
from rag.support.evidence_units import split_units
from rag.support.words import terms_of, weigh_terms

HITS = 5  # chosen: what stands further down is rarely what was asked for
MOST_WORDS = 0.85
"""Measured: one unit holds so much of 1 of 176 unanswerable questions of the example sets, and of a
fifth of the answerable ones of the handbook. The support check tells them apart less well: a
question is no claim."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or row of a source that holds so great a share of a question's words."""

    source: str
    text: str
    share: float


def seems_to_answer(question: str, hits: Sequence[Hit]) -> Unit | None:
    """The unit that holds nearly all words of the question, the rare ones weighing most."""
    best = max(_weigh(question, hits[:HITS]), key=lambda unit: unit.share, default=None)
    return best if best and best.share >= MOST_WORDS else None


def _weigh(question: str, hits: Sequence[Hit]) -> list[Unit]:
    found = [
        (hit, unit)
        for hit in hits
        for unit in split_units(Evidence(hit.chunk.text, hit.document.title, hit.chunk.heading))
        if unit.carries
    ]
    weights = weigh_terms(terms_of(unit.text) for _, unit in found)
    rarest = max(weights.values(), default=1.0)
    wanted = {term: weights.get(term, rarest) for term in terms_of(question)}
    total = sum(wanted.values()) or 1.0
    said = [terms_of(f"{unit.text} {unit.context} {hit.document.title}") for hit, unit in found]
    return [
        Unit(hit.document.source, unit.text, sum(wanted[t] for t in terms & set(wanted)) / total)
        for (hit, unit), terms in zip(found, said, strict=True)
    ]
