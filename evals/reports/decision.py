"""What was decided on a run, and on what grounds: its verdict and its comparison with another."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from evals.statistics.paired import ROUNDING


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over the `n` questions with a valid value before and after.

    `missing` counts those where one of the two is missing, `alone` those to which it applies in one
    run only. `low` and `high` are the 95 % interval of `difference`, after less before.
    `detectable` is the least drop that would have been found. `adjusted_p` and `least_drop` are
    those of a metric that gates, and None for others.
    """

    n: int
    missing: int
    alone: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    adjusted_p: float | None
    detectable: float
    least_drop: float | None
    regressed: bool

    @property
    def gating(self) -> bool:
        """Whether a regression of it is one of the run."""
        return self.least_drop is not None


Fate = Literal["lost", "worse", "better", "gained"]
"""`lost` was right and is not, `gained` the other way; the others are as right as before."""
FATES: tuple[Fate, ...] = ("lost", "worse", "better", "gained")


@dataclass(frozen=True, slots=True)
class SampleChange:
    """A question that fared differently: both answers, and the shares that differ, both values."""

    id: str
    fate: Fate
    critical: bool
    question: str
    before: str
    after: str
    values: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Change:
    """Something of the two runs that is not the same, by name."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one set, by their run ids; `samples` has the worst first.

    `uncompared` are the metrics without a sample that has a valid value in both runs, or that were
    defined otherwise then. `notes` say what else could not be compared.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    metrics: dict[str, MetricComparison]
    uncompared: tuple[str, ...]
    samples: tuple[SampleChange, ...]
    notes: tuple[str, ...]

    def having(self, fate: Fate) -> tuple[SampleChange, ...]:
        """The questions of one fate."""
        return tuple(sample for sample in self.samples if sample.fate == fate)

    def worst_metrics(self) -> list[tuple[str, MetricComparison]]:
        """Those that gate, then those that changed; regressions first, then the largest drops."""
        shown = [
            (name, found)
            for name, found in self.metrics.items()
            if found.gating or abs(found.difference) > ROUNDING
        ]
        return sorted(
            shown, key=lambda each: (not each[1].regressed, not each[1].gating, each[1].difference)
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the run decides, a sentence for each reason, and what it was held against."""

    exit_code: int = 0
    unmeasured: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    floors: dict[str, float] = field(default_factory=dict)
    comparison: Comparison | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """All that speaks against the run, the gravest first, each as a line."""
        return (
            *(f"could not measure {reason}" for reason in self.unmeasured),
            *(f"broken: {reason}" for reason in self.broken),
            *(f"regression: {reason}" for reason in self.regressions),
        )


_VERDICT = TypeAdapter(Verdict)


def verdict_to_json(verdict: Verdict) -> str:
    """A verdict with its comparison, as JSON."""
    return _VERDICT.dump_json(verdict, indent=2).decode() + "\n"
