"""What a run is held against: floors, critical samples known to be wrong, and an earlier run."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.metrics.table import METRICS
from evals.reports.record import Report, read_report
from evals.samples.sample import RegressionSet
from evals.samples.validation import first_fault
from rag.errors import UsageError

JUDGED_METRICS = ("faithfulness", "answer_relevancy", "context_precision", "context_recall")
"""The names of `ragas_metrics.JUDGED`, known without Ragas."""

DEFAULT_FLOORS: Mapping[str, float] = {"evidence_present": 1.0, "right": 0.5}
"""All evidence is there, and half of the answers are right: less is no system that works."""

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Criteria:
    """The least mean of metrics, the critical samples that may be wrong, and the run to equal."""

    floors: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_FLOORS))
    known_wrong: frozenset[str] = frozenset()
    baseline: Report | None = None


class FloorsFile(BaseModel):
    """`NAME.floors.toml` beside the set `NAME.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    known_wrong: list[str] = Field(default_factory=list)
    floors: dict[str, Share] = Field(default_factory=dict)


def floors_path(regression_set: Path) -> Path:
    """Where the floors of a set are written."""
    return regression_set.with_suffix(".floors.toml")


def read_floors(
    path: Path, asked: RegressionSet, given: Mapping[str, float], *, is_whole: bool = True
) -> Criteria:
    """The defaults, over them the file's if there is one, over these `given`. Raises UsageError.

    The file's floors were set for the whole set: by a part of it they would be broken by chance.
    """
    written = _read(path) if path.exists() else FloorsFile()
    _check_metrics(f"{path}: ", written.floors)
    _check_metrics("", given)
    critical = {sample.id for sample in asked.samples if sample.critical}
    for id_ in written.known_wrong:
        if id_ not in critical:
            raise UsageError(f"{path}: known_wrong: {asked.name} has no critical sample {id_!r}")
    floors = {**DEFAULT_FLOORS, **(written.floors if is_whole else {}), **given}
    return Criteria(floors, frozenset(written.known_wrong))


def read_baseline(path: Path, regression_set: RegressionSet, asked: Iterable[str]) -> Report:
    """The report of an earlier run of the same samples. Raises UsageError, NotMeasured."""
    baseline = read_report(path / "report.json" if path.is_dir() else path)
    theirs = baseline.regression_set
    if theirs.sha256 != regression_set.sha256:
        raise UsageError(
            f"the baseline {path} was measured on {theirs.name} {theirs.sha256[:12]}, this run "
            f"asks {regression_set.name} {regression_set.sha256[:12]}: compare runs of the same set"
        )
    not_asked = sorted(set(asked) - {sample.id for sample in baseline.samples})
    if not_asked:
        raise UsageError(
            f"the baseline {path} was not asked {len(not_asked)} of these samples, "
            f"{not_asked[0]} first: measure both with the same --limit"
        )
    return baseline


def _read(path: Path) -> FloorsFile:
    try:
        return FloorsFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {first_fault(error)}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error


def _check_metrics(where: str, floors: Iterable[str]) -> None:
    shares = [name for name, metric in METRICS.items() if metric.unit == "share"]
    known = (*shares, *JUDGED_METRICS)
    for name in floors:
        if name not in known:
            raise UsageError(
                f"{where}there is no floor for {name!r}: there is for {', '.join(known)}"
            )
