"""The questions of a run as one reads them: what is wrong with each, and the worst first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evals.observing import Missing
from evals.reports.decision import SampleChange
from evals.reports.failures import find_failures
from evals.reports.record import Report, SampleRecord

CLOSE = 0.1  # chosen: of the 269 example questions nine lie so near
TOLD_VALUES = 3  # chosen: more values than that are read in the question's table


@dataclass(frozen=True, slots=True)
class Question:
    """One sample of a run, how it fared since the earlier one, and in what way it is not right."""

    sample: SampleRecord
    change: SampleChange | None
    how: str
    margin: float | None
    """How far the confidence is from where the decision to answer turns; None if unknown."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The reasons why values are missing, each once."""
        values = self.sample.values.values()
        return tuple(dict.fromkeys(v.reason for v in values if isinstance(v, Missing)))

    @property
    def marks(self) -> tuple[str, ...]:
        """The names in MARKS of all that holds for it."""
        return tuple(name for name, holds in MARKS.items() if holds(self))

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, a clause each."""
        return tuple(self._find_faults())

    def _find_faults(self) -> Iterator[str]:
        if self.change and self.change.fate == "lost":
            yield "was right before, and is not now"
        if self.how:
            yield self.how
        yield from (lost.reason for lost in self.sample.lost)
        yield from (f"could not be measured: {reason}" for reason in self.missing)
        for sentence in self.sample.sentences:
            if sentence.is_doubtful:
                yield f"“{sentence.text}”: {'; '.join(sentence.reasons) or sentence.verdict}"
        if self.change:
            fell = [(y - x, name, x, y) for name, (x, y) in self.change.values.items() if y < x]
            for _, name, x, y in sorted(fell)[:TOLD_VALUES]:
                if name != "right":
                    yield f"{name} fell from {x:.2f} to {y:.2f}"


MARKS: dict[str, Callable[[Question], bool]] = {
    "worse": lambda each: each.change is not None and each.change.fate in ("lost", "worse"),
    "not right": lambda each: bool(each.how),
    "missing values": lambda each: bool(each.missing),
    "critical": lambda each: each.sample.critical,
    "close call": lambda each: each.margin is not None and abs(each.margin) <= CLOSE,
    "better": lambda each: each.change is not None and each.change.fate in ("gained", "better"),
    "no source": lambda each: any(found.is_doubtful for found in each.sample.sentences),
    "abstained": lambda each: each.sample.status == "abstained",
}
"""What a reader looks for among the questions."""
GROUPS = {
    "worse": "Worse than before",
    "not right": "Not right",
    "missing values": "Values are missing",
    "critical": "Critical, and right",
    "close call": "Close calls: right, but nearly decided otherwise",
    "better": "Better than before",
}
"""The marks that group the questions, in the order of reading, and their headings."""
OTHERS = "The others"


def list_questions(report: Report) -> list[Question]:
    """All questions of a run: changes and failures each the worst first, then as in the set."""
    compared = report.verdict.comparison
    changes = {change.id: change for change in compared.samples} if compared else {}
    failures = {failure.sample.id: failure.how for failure in find_failures(report)}
    order = [*changes, *failures, *(sample.id for sample in report.samples)]
    places = {id_: place for place, id_ in reversed(list(enumerate(order)))}
    return [
        Question(
            sample, changes.get(sample.id), failures.get(sample.id, ""), _margin(sample, report)
        )
        for sample in sorted(report.samples, key=lambda sample: places[sample.id])
    ]


def group_questions(questions: list[Question]) -> dict[str, list[Question]]:
    """Every question under the first heading that holds for it, the closest calls first."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        headings = [heading for mark, heading in GROUPS.items() if mark in question.marks]
        found.setdefault((*headings, OTHERS)[0], []).append(question)
    if calls := found.get(GROUPS["close call"]):
        calls.sort(key=lambda each: abs(each.margin or 0))
    return {heading: found[heading] for heading in (*GROUPS.values(), OTHERS) if heading in found}


def _margin(sample: SampleRecord, report: Report) -> float | None:
    if sample.confidence is None or report.fingerprint is None:
        return None
    return sample.confidence - report.fingerprint.threshold
