"""What a comparison of two windows found, as it is printed and kept."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from evals.drift.windows import Period
from evals.statistics.discrepancy import Difference

NO_ALARM, ALARM, TOO_LITTLE = 0, 1, 3
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One detector: the values of both windows, how many had one, and what differs.

    `note` says why there is no difference to tell; `adjusted` is p after Holm over all detectors
    that could tell.
    """

    name: str
    explanation: str
    reference_n: int
    current_n: int
    reference: float | None = None
    current: float | None = None
    difference: Difference | None = None
    adjusted: float | None = None
    alarm: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions without a source that are alike: how many of all questions, in both windows."""

    words: tuple[str, ...]
    examples: tuple[str, ...]
    reference: int
    current: int
    rise: Difference


@dataclass(frozen=True, slots=True)
class OldSource:
    """A document that answers rest on though it is old, or another has replaced it."""

    source: str
    citations: int
    date: str
    superseded_by: str = ""


@dataclass(frozen=True, slots=True)
class CorpusChange:
    """What differs between the releases that were asked; `note` says why it cannot be told."""

    before: int
    after: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Canaries:
    """The same questions in two runs: the share of the ten best hits that stayed, worst first."""

    before: str
    after: str
    questions: int
    overlap: float
    moved: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Everything that one command found. `examples` are the questions that differ most."""

    corpus: str
    reference: Period
    current: Period
    reference_questions: int
    current_questions: int
    findings: tuple[Finding, ...]
    examples: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    old_sources: tuple[OldSource, ...] = ()
    corpus_change: CorpusChange | None = None
    canaries: Canaries | None = None

    @property
    def exit_code(self) -> int:
        """1 if a detector alarms, 3 if none could tell, else 0."""
        if any(finding.alarm for finding in self.findings):
            return ALARM
        has_told = any(finding.difference for finding in self.findings)
        return NO_ALARM if has_told else TOO_LITTLE


_ADAPTER = TypeAdapter(DriftReport)


def drift_to_json(report: DriftReport) -> str:
    """The report for programs."""
    return _ADAPTER.dump_json(report, indent=2).decode() + "\n"
