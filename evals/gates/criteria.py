"""What a run is held against: floors, critical samples known to be wrong, and an earlier run."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.metrics.table import METRICS
from evals.reports.record import Report, SampleRecord
from evals.samples.sample import Sample
from evals.samples.validation import first_fault
from rag.errors import UsageError

GATES = "gates.toml"
PACKAGED_SETS = Path(__file__).parent.parent / "sets"

JUDGED_METRICS = (
    *("faithfulness", "answer_relevancy", "context_precision", "context_recall"),
    "factual_correctness",
)
"""The names of `ragas_metrics.JUDGED` of which more is better, known without Ragas."""

Share = Annotated[float, Field(ge=0, le=1)]
Drop = Annotated[float, Field(gt=0, le=1)]
Alpha = Annotated[float, Field(gt=0, le=0.5)]


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a run must reach, and the run that it must equal.

    `floors` are the least means, `slice_floors` those of the samples with a tag. Of each metric at
    least the share `least_valid` must be measured. The metrics of `least_drops` gate: a drop by so
    much that chance explains with less than `alpha` is a regression.
    """

    alpha: float
    least_valid: float
    floors: Mapping[str, float] = field(default_factory=dict)
    least_drops: Mapping[str, float] = field(default_factory=dict)
    slice_floors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    known_wrong: frozenset[str] = frozenset()
    baseline: Report | None = None


class GateTable(BaseModel):
    """`[defaults]` or `[sets.NAME]`; what a set leaves out is as in the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alpha: Alpha | None = None
    valid: Share | None = None
    known_wrong: list[str] = Field(default_factory=list)
    floors: dict[str, Share] = Field(default_factory=dict)
    least_drop: dict[str, Drop] | None = None
    slices: dict[str, dict[str, Share]] = Field(default_factory=dict)


class GatesFile(BaseModel):
    """`gates.toml` in the folder of the sets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: GateTable = GateTable()
    sets: dict[str, GateTable] = Field(default_factory=dict)


def default_criteria() -> Criteria:
    """Those of a set of which nothing is written."""
    return _overlay([_read(PACKAGED_SETS / GATES).defaults])


def read_criteria(
    regression_set: Path,
    samples: Sequence[Sample] | Sequence[SampleRecord],
    given: Mapping[str, float],
    *,
    is_whole: bool = True,
) -> Criteria:
    """The packaged defaults, over them those of `gates.toml` beside the set, its table, the `given`
    floors. Raises UsageError.

    The floors of a set were set for the whole of it: by a part they would be broken by chance.
    """
    path = regression_set.parent / GATES
    file = _read(path) if path.exists() else GatesFile()
    table = file.sets.get(regression_set.stem, GateTable())
    _check_metrics("", given)
    if is_whole:
        _check_samples(f"{path}: sets.{regression_set.stem}", table, samples)
    else:
        table = table.model_copy(update={"floors": {}, "slices": {}})
    packaged = _read(PACKAGED_SETS / GATES).defaults
    return _overlay([packaged, file.defaults, table, GateTable(floors=dict(given))])


def _overlay(tables: Sequence[GateTable]) -> Criteria:
    """Later tables over earlier ones: floors one by one, the metrics that gate as a whole."""
    return Criteria(
        alpha=[table.alpha for table in tables if table.alpha is not None][-1],
        least_valid=[table.valid for table in tables if table.valid is not None][-1],
        floors={name: floor for table in tables for name, floor in table.floors.items()},
        least_drops=[t.least_drop for t in tables if t.least_drop is not None][-1],
        slice_floors={tag: floors for table in tables for tag, floors in table.slices.items()},
        known_wrong=frozenset(id_ for table in tables for id_ in table.known_wrong),
    )


def _read(path: Path) -> GatesFile:
    try:
        file = GatesFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {first_fault(error)}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for name in file.sets:
        if not path.with_name(f"{name}.jsonl").exists():
            raise UsageError(f"{path}: sets.{name}: there is no {name}.jsonl beside it")
    for table in (file.defaults, *file.sets.values()):
        for floors in (table.floors, table.least_drop or {}, *table.slices.values()):
            _check_metrics(f"{path}: ", floors)
    return file


def _check_metrics(where: str, names: Iterable[str]) -> None:
    shares = [name for name, metric in METRICS.items() if metric.unit == "share"]
    known = (*shares, *JUDGED_METRICS)
    for name in names:
        if name not in known:
            raise UsageError(f"{where}no metric {name!r} can gate: there are {', '.join(known)}")


def _check_samples(
    where: str, table: GateTable, samples: Sequence[Sample] | Sequence[SampleRecord]
) -> None:
    critical = {sample.id for sample in samples if sample.critical}
    for id_ in table.known_wrong:
        if id_ not in critical:
            raise UsageError(f"{where}.known_wrong: the set has no critical sample {id_!r}")
    tags = {tag for sample in samples for tag in sample.tags}
    for tag in table.slices:
        if tag not in tags:
            raise UsageError(f"{where}.slices: the set has no sample with the tag {tag!r}")
