"""The first thing that a report says: whether to ship, and the questions that show why."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.reports.outcomes import Question
from evals.reports.record import Report

SHOWN = 3  # chosen: what one reads in ten seconds
WORDS = {
    0: ("Yes", "Nothing that was measured speaks against it."),
    1: ("No", "It is worse than the run that it was held against."),
    2: ("No", "It does not reach what it must."),
    3: ("Cannot say", "Too much of it could not be measured."),
}
"""By exit code, the answer to "May I ship this?"."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The decision in words; `grounds` counts what speaks against the run, `questions` show it."""

    exit_code: int
    decision: str
    reason: str
    grounds: str
    questions: tuple[Question, ...]


def write_headline(report: Report, questions: Sequence[Question]) -> Headline:
    """The decision on a run, and the gravest of its questions that bear it out, at most three.

    Where too much is missing these are questions with missing values, else those that are worse
    and then those that are not right, of each the critical ones first.
    """
    verdict = report.verdict
    decision, reason = WORDS[verdict.exit_code]
    if not verdict.exit_code and not verdict.comparison:
        reason = "It reaches its floors. It was held against no earlier run."
    grounds = {
        "could not be measured": verdict.unmeasured,
        "broken": verdict.broken,
        "regressions": verdict.regressions,
    }
    return Headline(
        exit_code=verdict.exit_code,
        decision=decision,
        reason=reason,
        grounds=", ".join(f"{len(found)} {what}" for what, found in grounds.items() if found),
        questions=tuple(_gravest(report, questions)[:SHOWN]),
    )


def _gravest(report: Report, questions: Sequence[Question]) -> list[Question]:
    verdict = report.verdict
    if verdict.unmeasured:
        marks = ["missing values"]
    elif verdict.exit_code:
        marks = ["worse", "not right"]
    else:
        marks = ["worse"]
    shown = [each for each in questions if set(marks) & set(each.marks)]
    return sorted(shown, key=lambda each: ("worse" not in each.marks, not each.sample.critical))
