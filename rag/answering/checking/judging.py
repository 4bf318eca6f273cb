"""Judging: each statement held against what it cites, and where that fails against all there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.checking.statements import Statement
from rag.domain import Sentence, Status
from rag.ports import Claim, Evidence, Judgement, SupportChecker

ELSEWHERE = "not what it cites but another passage says this"


@dataclass(frozen=True, slots=True)
class Checking:
    """How the sentences of answers are checked, and whether doubtful ones are left out."""

    checker: SupportChecker
    withholds: bool = False


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
            moved = replace(judgement, reasons=(*judgement.reasons, ELSEWHERE))
            judged[n] = Judged(judged[n].statement, moved, is_moved=True)
    return [_note_unknown(each) for each in judged]


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


def _note_unknown(judged: Judged) -> Judged:
    unknown = dict.fromkeys(label for mark in judged.statement.marks for label in mark.unknown)
    if not unknown or judged.statement.kind != "statement":
        return judged
    reasons = tuple(f"[{label}] names no passage" for label in unknown)
    judgement = replace(judged.judgement, reasons=(*judged.judgement.reasons, *reasons))
    return replace(judged, judgement=judgement)


def status_of(sentences: Sequence[Sentence]) -> Status:
    """`answered` where something is said and nothing is doubtful."""
    return "answered" if sentences and not any(s.is_doubtful for s in sentences) else "partial"
