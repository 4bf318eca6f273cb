"""Judging: each statement held against what it cites, and where that fails against all there is."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answering.checking.statements import Statement
from rag.domain import Sentence, Status
from rag.errors import SupportUnchecked
from rag.ports import Claim, Evidence, Judgement, SupportChecker

log = logging.getLogger(__name__)

ELSEWHERE = "not what it cites but another passage says this"


Reach = Callable[[str, str, str], Mapping[str, float]]
"""Signals of a question, a text and what stands around it."""


@dataclass(frozen=True, slots=True)
class Checking:
    """How the sentences of texts are checked.

    `checker` finds the quotes and judges by them; a `second` one has the last word where it comes
    to it. With `withholds` doubtful sentences of answers are left out. `reach` tells how far a
    text, and what stands around it, reaches the words of a question; without it the search alone
    tells whether a question is answered.
    """

    checker: SupportChecker
    second: SupportChecker | None = None
    withholds: bool = False
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement with its judgement; `is_moved` if another passage than those it cites says it."""

    statement: Statement
    judgement: Judgement
    is_moved: bool = False


async def judge(
    statements: Sequence[Statement],
    evidence: Sequence[Evidence],
    *,
    checker: SupportChecker,
    question: str = "",
    near: Sequence[tuple[int, ...]] | None = None,
) -> list[Judged]:
    """One judgement for each; what is no statement is not checked.

    A statement is held against what it cites, else against what is `near` it, else against all.
    """
    places = near or [cited_by(each) for each in statements]
    claims = [
        Claim(each.text, place) if each.kind == "statement" else None
        for each, place in zip(statements, places, strict=True)
    ]
    found = await _check([each for each in claims if each], evidence, checker, question)
    judgements = iter(found)
    judged = [
        Judged(each, next(judgements) if claim else Judgement("not_checked", 0.0))
        for each, claim in zip(statements, claims, strict=True)
    ]
    failed = [n for n, each in enumerate(judged) if _may_be_elsewhere(each, len(evidence))]
    again = [Claim(judged[n].statement.text) for n in failed]
    for n, judgement in zip(failed, await _check(again, evidence, checker, question), strict=True):
        if judgement.verdict == "supported":
            judged[n] = Judged(judged[n].statement, judgement, is_moved=True)
    return [_note(each) for each in judged]


async def judge_again(
    judged: Sequence[Judged],
    evidence: Sequence[Evidence],
    *,
    checking: Checking,
    question: str = "",
) -> tuple[list[Judged], str]:
    """The verdicts of the second checker on the quotes of the first, and what checked.

    Those of the first stand where there is no second, or it does not come to its end.
    """
    first, second = checking.checker, checking.second
    places = [n for n, each in enumerate(judged) if each.statement.kind == "statement"]
    quotes = list(dict.fromkeys(q for n in places for q in judged[n].judgement.quotes))
    if second is None or not quotes:
        return [*judged], first.name
    index_of = {quote: index for index, quote in enumerate(quotes)}
    texts = [
        replace(evidence[q.evidence], text=evidence[q.evidence].text[q.span.start : q.span.end])
        for q in quotes
    ]
    claims = [
        Claim(each.statement.text, tuple(index_of[quote] for quote in each.judgement.quotes))
        for each in (judged[n] for n in places)
    ]
    try:
        found = await second.check(claims, texts, question=question)
    except SupportUnchecked as error:
        log.warning("checked by %s alone: %s", first.name, error)
        return [*judged], f"{first.name}, since {error}"
    again = [*judged]
    for n, judgement in zip(places, found, strict=True):
        own = judged[n]
        said = replace(judgement, quotes=own.judgement.quotes)
        again[n] = _note(replace(own, judgement=said))
    return again, second.name


def cited_by(statement: Statement) -> tuple[int, ...]:
    """The evidence that its marks name, in their order."""
    return tuple(dict.fromkeys(index for mark in statement.marks for index in mark.evidence))


async def _check(
    claims: Sequence[Claim], evidence: Sequence[Evidence], checker: SupportChecker, question: str
) -> list[Judgement]:
    return await checker.check(claims, evidence, question=question) if claims else []


def _may_be_elsewhere(judged: Judged, evidence: int) -> bool:
    cited = len(cited_by(judged.statement))
    return 0 < cited < evidence and judged.judgement.verdict in ("differs", "unsupported")


def _note(judged: Judged) -> Judged:
    """The reasons of a judgement, and what is to be said of the marks."""
    unknown = dict.fromkeys(label for mark in judged.statement.marks for label in mark.unknown)
    if judged.statement.kind != "statement" or not (unknown or judged.is_moved):
        return judged
    said = judged.judgement
    moved = (ELSEWHERE,) if judged.is_moved and said.verdict == "supported" else ()
    reasons = (*said.reasons, *moved, *(f"[{label}] names no passage" for label in unknown))
    return replace(judged, judgement=replace(said, reasons=reasons))


def status_of(sentences: Sequence[Sentence]) -> Status:
    """`answered` where something is said and nothing is doubtful."""
    return "answered" if sentences and not any(s.is_doubtful for s in sentences) else "partial"
