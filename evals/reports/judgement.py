"""What a judge said of single statements, and how far its word can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass

from evals.statistics.agreement import Counts


@dataclass(frozen=True, slots=True)
class Judgement:
    """A statement held against a text, whose beginning is `against`.

    `verdicts` and `reasons` have one of each repeat: None and "" where it gave none. `holds` is
    what more of them say, and None where they are equally divided.
    """

    statement: str
    against: str
    holds: bool | None
    verdicts: tuple[bool | None, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """What the judge said of claims that are known to be true or false.

    `note` says why where it is not `valid`: it never answered, or errs too often. `missed` has the
    false claims called supported, and all, by their kind. `corrected` is the run's faithfulness
    freed of the judge's errors. The numbers are None where too few claims were judged.
    """

    valid: bool
    note: str
    claims: int
    judged: int
    accuracy: Estimate | None = None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    kappa: Estimate | None = None
    corrected: Estimate | None = None
    counts: Counts | None = None
    missed: dict[str, tuple[int, int]] | None = None

    def lines(self) -> Iterator[str]:
        """How often the judge is right, in words."""
        yield self.note or f"judge check: {self.judged} of {self.claims} claims judged"
        for name, found in (
            ("true claims called supported", self.sensitivity),
            ("false claims not called supported", self.specificity),
            ("accuracy", self.accuracy),
            ("Cohen's kappa", self.kappa),
            ("faithfulness, freed of the judge's errors", self.corrected),
        ):
            if found:
                yield f"{name}: {found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
        for kind, (count, of) in (self.missed or {}).items():
            yield f"false claims called supported, {kind}: {count} of {of}"
