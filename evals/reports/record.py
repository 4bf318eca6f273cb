"""The JSON of record: what one evaluation run found, complete enough to render and to compare."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from evals.observing import Missing
from evals.reports.decision import Verdict
from evals.reports.judgement import JudgeCheck, Judgement
from evals.samples.locating import Lost
from evals.samples.sample import Kind
from evals.samples.validation import first_fault
from rag.domain import Fingerprint, Sentence, Span, Status
from rag.errors import NotMeasured

SCHEMA = 3  # counts up when earlier records cannot be read

Value = float | Missing
"""In JSON a number, or `{"reason": "..."}` for a value that is missing."""


@dataclass(frozen=True, slots=True)
class MetricRecord:
    """What a metric's numbers mean."""

    unit: Literal["share", "ms", "tokens", "sentences"]
    definition: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a source that was found, read or cited; `relevant` where it overlaps evidence.

    What was read or cited has its text, with page and headings.
    """

    source: str
    span: Span
    relevant: bool
    text: str = ""
    page: int | None = None
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One sample: what was asked, what came back, every value that applies to it.

    `status` is None where there was no answer; `lost` says what of its evidence, or of the
    alternatives to it, the release no longer holds. `repeats` holds what each repeat of a judged
    metric gave; the value is that of the majority of their verdicts, or their median. `judgements`
    are the judge's verdicts by metric. `sentences` are those of the answer with what the sources
    say of each, `contexts` the passages that it was made from.
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
    judgements: dict[str, tuple[Judgement, ...]] = field(default_factory=dict)
    sentences: tuple[Sentence, ...] = ()
    contexts: tuple[Place, ...] = ()


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
    `check` is None where the judge was not checked, `cost` where no price is known.
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
    check: JudgeCheck | None = None
    cost: float | None = None
    warnings: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """What is to be known of the judge beside its name, in words."""
        yield from (f"warning: {warning}" for warning in self.warnings)
        if self.cost is not None:
            yield f"cost of the judge's calls: {self.cost:.4f}"
        if self.check:
            yield from self.check.lines()
        elif self.model:
            yield "the judge was not checked (--no-judge-check)"


@dataclass(frozen=True, slots=True)
class SetRecord:
    """Which regression set was asked; `asked` is less than `samples` under `--limit`, `--slice`."""

    name: str
    sha256: str
    samples: int
    asked: int
    tag: str = ""


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
_SCHEMA = TypeAdapter(_Versioned)


def to_json(report: Report) -> str:
    """The report as the text of `report.json`."""
    return _ADAPTER.dump_json(report, indent=2).decode() + "\n"


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
