"""Which parts of much evidence a claim is held against: those that share its rarer words.

A packed passage is read whole. Of a megabyte, or of thousands of passages, only the nearest are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.ports import Claim, Evidence
from rag.support.words import terms_of, weigh_terms

WHOLE = 9_000  # characters that are read whole: a packed context is 6,000
READ = 6_000  # characters of more evidence that a claim is held against, as of a packed context
PART = 1_500  # characters of a part of one long text; chosen


@dataclass(frozen=True, slots=True)
class Part:
    """Characters from `start` on of text number `index`."""

    index: int
    start: int
    evidence: Evidence


def select_parts(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> list[list[Part]]:
    """For each claim the parts to hold it against, in the order of the evidence."""
    whole = [Part(at, 0, each) for at, each in enumerate(evidence)]
    named = [[whole[at] for at in claim.evidence] if claim.evidence else whole for claim in claims]
    if all(sum(len(part.evidence.text) for part in parts) <= WHOLE for parts in named):
        return named
    cut = {at: _cut(part) for at, part in enumerate(whole)}
    terms = {
        (part.index, part.start): terms_of(part.evidence.text)
        for parts in cut.values()
        for part in parts
    }
    weights = weigh_terms(terms.values())
    return [
        _nearest(
            terms_of(claim.text), [p for part in parts for p in cut[part.index]], terms, weights
        )
        for claim, parts in zip(claims, named, strict=True)
    ]


def _nearest(
    wanted: set[str],
    parts: Sequence[Part],
    terms: Mapping[tuple[int, int], set[str]],
    weights: Mapping[str, float],
) -> list[Part]:
    def worth(part: Part) -> float:
        return -sum(weights[term] for term in wanted & terms[part.index, part.start])

    chosen: list[Part] = []
    size = 0
    for part in sorted(parts, key=worth):
        size += len(part.evidence.text)
        if chosen and size > READ:
            break
        chosen.append(part)
    return sorted(chosen, key=lambda part: (part.index, part.start))


def _cut(part: Part) -> list[Part]:
    """A long text at its line ends."""
    text = part.evidence.text
    parts, start = [], 0
    while len(text) - start > 2 * PART:
        end = text.find("\n", start + PART, start + 2 * PART)
        end = start + PART if end < 0 else end + 1
        parts.append(
            replace(part, start=start, evidence=replace(part.evidence, text=text[start:end]))
        )
        start = end
    return [*parts, replace(part, start=start, evidence=replace(part.evidence, text=text[start:]))]
