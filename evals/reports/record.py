"""The JSON of record: what one evaluation run found, complete enough to render and to compare."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from evals.observing import Missing
from evals.samples.locating import Lost
from evals.samples.sample import Kind
from evals.samples.validation import first_fault
from evals.statistics.paired import ROUNDING
from rag.domain import Fingerprint, Span, Status
from rag.errors import NotMeasured

SCHEMA = 3  # counts up when earlier records cannot be read

Value = float | Missing
"""In JSON a number, or `{"reason": "..."}` for a value that is missing."""


@dataclass(frozen=True, slots=True)
class MetricRecord:
    """What a metric's numbers mean."""

    unit: Literal["share", "ms"]
    definition: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a source that was found or cited; `relevant` where it overlaps evidence."""

    source: str
    span: Span
    relevant: bool


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One sample: what was asked, what came back, every value that applies to it.

    `status` is None where there was no answer; `lost` says what of its evidence, or of the
    alternatives to it, the release no longer holds. `repeats` holds what each repeat of a judged
    metric gave; the value is their mean, and missing if any of them is. `doubts` are the answer's
    sentences that no source supports, with the reasons.
    """

    id: str
    kind: Kind
    tags: tuple[str, ...]
    critical: bool
    question: str
    standalone_question: str
    reference: str
    status: Status | None
    answer: str
    confidence: float | None
    hits: tuple[Place, ...]
    citations: tuple[Place, ...]
    lost: tuple[Lost, ...]
    values: dict[str, Value]
    repeats: dict[str, tuple[Value, ...]]
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One metric over samples: `n` valid values, `missing` ones, and None where n is 0."""

    n: int
    missing: int
    mean: float | None
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """One row of the abstention confusion matrix, in samples."""

    answered: int
    abstained: int
    missing: int


@dataclass(frozen=True, slots=True)
class JudgeRecord:
    """The judged tier; `note` says why where it was not measured.

    `calls` went to the judge, `cached` answers did not; `tokens` are those of the calls.
    `version` is that of the questions it is asked: with another one its values cannot be compared.
    """

    measured: bool
    note: str
    model: str = ""
    base_url: str = ""
    repeats: int = 0
    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    version: str = ""


@dataclass(frozen=True, slots=True)
class SetRecord:
    """Which regression set was asked; `asked` is less than `samples` under `--limit`."""

    name: str
    sha256: str
    samples: int
    asked: int


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

    `notes` say what could not be compared.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    metrics: dict[str, MetricComparison]
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


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `slices` holds the aggregates of the samples with each tag.

    `lost_evidence` names the samples by what of their evidence the release does not hold.
    """

    schema: int
    run_id: str
    created: str
    seconds: float
    corpus: str
    release: int
    content_hash: str
    regression_set: SetRecord
    fingerprint: Fingerprint | None
    judge: JudgeRecord
    verdict: Verdict
    lost_evidence: dict[str, tuple[str, ...]]
    metrics: dict[str, MetricRecord]
    aggregates: dict[str, Aggregate]
    slices: dict[str, dict[str, Aggregate]]
    abstention: dict[Kind, Decisions]
    samples: tuple[SampleRecord, ...]


@dataclass(frozen=True, slots=True)
class _Versioned:
    schema: int


_ADAPTER = TypeAdapter(Report)
_VERDICT = TypeAdapter(Verdict)
_SCHEMA = TypeAdapter(_Versioned)


def to_json(report: Report) -> str:
    """The report as the text of `report.json`."""
    return _ADAPTER.dump_json(report, indent=2).decode() + "\n"


def verdict_to_json(verdict: Verdict) -> str:
    """A verdict with its comparison, as JSON."""
    return _VERDICT.dump_json(verdict, indent=2).decode() + "\n"


def read_report(path: Path) -> Report:
    """Read a `report.json`. Raises NotMeasured if it is not one of this schema."""
    return parse_report(path, read_json(path))


def read_json(path: Path) -> object:
    """The JSON of a file. Raises NotMeasured."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise NotMeasured(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise NotMeasured(f"{path} is not a report: not JSON, {error}") from error


def parse_report(path: Path, raw: object) -> Report:
    """The report that the JSON of `path` means. Raises NotMeasured."""
    try:
        schema = _SCHEMA.validate_python(raw).schema
        if schema != SCHEMA:
            raise NotMeasured(f"{path} has report schema {schema}, this version reads {SCHEMA}")
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        raise NotMeasured(f"{path} is not a report: {first_fault(error)}") from error
