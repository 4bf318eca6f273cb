"""What is wrong with a regression set, a finding for each fault, the gravest first."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from evals.curation.answered import seems_to_answer
from evals.curation.key_facts import find_unheld
from evals.curation.similarity import near_pairs
from evals.samples.locating import (
    QUOTE_CHARACTERS,
    Lost,
    Search,
    Sources,
    find_quote,
    list_quotes,
)
from evals.samples.reading import Line
from evals.samples.sample import KINDS, Evidence
from rag.errors import InvalidQuestion
from rag.retrieval.question import check_question

FEWEST = 5
"""Samples of a tag or kind; chosen: of fewer, one question moves a share by more than a fifth."""
LEAST_SHARE = 0.05  # of a kind; chosen: a smaller one is lost in any mean
ERRORS = ("not-askable", "evidence-not-found", "facts-not-in-evidence")
"""What makes a sample wrong, or its numbers mean nothing."""
WARNINGS = (
    *("fact-not-in-evidence", "seems-answerable", "evidence-at-several-places"),
    *("near-duplicate", "alike-tags", "few-of-a-kind", "few-of-a-tag"),
)
"""What somebody should look at."""
RULES = (*ERRORS, *WARNINGS)

Fault = tuple[str, str]
"""A rule, and what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of the sample in that line of the file; of the whole set where `line` is 0."""

    rule: str
    line: int
    sample: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether the sample is wrong, or cannot be measured."""
        return self.rule in ERRORS


def lint(lines: Sequence[Line], sources: Sources, search: Search) -> list[Finding]:
    """All findings, errors first; `search` is asked what it finds for unanswerable questions."""
    found = [
        Finding(rule, line.number, line.sample.id, message)
        for line in lines
        for rule, message in _check(line, sources, search)
    ]
    found += _near_duplicates(lines)
    found += [Finding(rule, 0, "", message) for rule, message in _check_slices(lines)]
    return sorted(found, key=lambda each: (RULES.index(each.rule), each.line))


def _check(line: Line, sources: Sources, search: Search) -> Iterator[Fault]:
    try:
        check_question(line.sample.question)
    except InvalidQuestion as error:
        yield "not-askable", str(error)
        return
    if line.sample.is_answerable:
        yield from _check_evidence(line, sources)
        yield from _check_reference(line)
    elif len(line.sample.conversation) == 1:  # nobody knows yet what a follow-up searches for
        yield from _check_abstention(line, search)


def _check_evidence(line: Line, sources: Sources) -> Iterator[Fault]:
    for place, evidence, _ in list_quotes(line):
        document = sources.find(evidence.source)
        if isinstance(document, Lost):
            yield "evidence-not-found", f"{place}: {document.reason}: correct the source"
            continue
        times = len(find_quote(document.text, evidence.quote))
        quote = f"the quote {_short(evidence.quote)}"
        if not times:
            yield (
                "evidence-not-found",
                f"{place}: {quote} is not found in {evidence.source}: copy it again",
            )
        elif times > 1 and evidence.span is None:
            yield (
                "evidence-at-several-places",
                f"{place}: {quote} stands {times} times in {evidence.source} and any of them "
                "counts: make it longer, or give start and end",
            )


def _check_reference(line: Line) -> Iterator[Fault]:
    sample = line.sample
    question = " ".join(message.content for message in sample.conversation)
    unheld = find_unheld(sample.reference, " ".join(map(_said, sample.evidence)), question)
    if unheld.is_all:
        yield (
            "facts-not-in-evidence",
            f"the evidence says nothing of the reference {_short(sample.reference)}: mark the "
            "passage that does, or correct the reference",
        )
    elif unheld.facts:
        yield (
            "fact-not-in-evidence",
            f"of the reference the evidence does not hold {', '.join(unheld.facts)}: mark where "
            "it stands, or make sure that it follows",
        )


def _said(evidence: Evidence) -> str:
    """All quotes of a piece of evidence, with the names of their files, which often say of whom."""
    quotes = (evidence, *evidence.alternatives)
    return " ".join(f"{each.quote} {each.source}" for each in quotes)


def _check_abstention(line: Line, search: Search) -> Iterator[Fault]:
    found = search(line.sample.question)
    unit = seems_to_answer(line.sample.question, found.hits) if found.is_answered else None
    if unit:
        yield (
            "seems-answerable",
            f"{unit.source} holds nearly all words of {_short(line.sample.question)}: read there "
            f"{_short(unit.text)}, and mark it as evidence if it answers",
        )


def _near_duplicates(lines: Sequence[Line]) -> Iterator[Finding]:
    texts = [" ".join(each.content for each in line.sample.conversation) for line in lines]
    for one, two, similarity in near_pairs(texts):
        first, second = lines[one], lines[two]
        yield Finding(
            "near-duplicate",
            second.number,
            second.sample.id,
            f"{_short(second.sample.question)} is nearly the question of {first.sample.id}, "
            f"{_short(first.sample.question)} ({similarity:.2f}): keep one of them",
        )


def _check_slices(lines: Sequence[Line]) -> Iterator[Fault]:
    kinds = Counter(line.sample.kind for line in lines)
    least = max(FEWEST, math.ceil(LEAST_SHARE * len(lines)))
    for kind in KINDS:
        if kinds[kind] < least:
            yield (
                "few-of-a-kind",
                f"{kinds[kind]} of {len(lines)} samples are {kind}: with fewer than {least} "
                "little can be said of them",
            )
    tags = Counter(tag for line in lines for tag in line.sample.tags if tag not in KINDS)
    few = [f"{tag} ({n})" for tag, n in sorted(tags.items()) if n < FEWEST]
    if few:
        yield "few-of-a-tag", f"tags with fewer than {FEWEST} samples: {', '.join(few)}"
    for one, two in combinations(sorted({*tags, *KINDS[1:]}), 2):
        if _are_alike(one, two):
            yield "alike-tags", f"the tags {one!r} and {two!r} are nearly the same: write one"


def _are_alike(one: str, two: str) -> bool:
    """Whether the tags differ by one letter, or by how they are joined."""
    if any(map(str.isdigit, one + two)):
        return False  # route-1 and route-2 are two
    first, second = (tag.casefold().replace("_", "-") for tag in (one, two))
    changes = SequenceMatcher(None, first, second).get_opcodes()
    return sum(max(b - a, d - c) for how, a, b, c, d in changes if how != "equal") <= 1


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= QUOTE_CHARACTERS else line[:QUOTE_CHARACTERS] + "…")
