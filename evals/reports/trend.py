"""The runs in a folder of reports: what became of each, and how its values moved over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.reports.decision import Verdict
from evals.reports.record import Aggregate, JudgeRecord, Report, SetRecord, read_json
from evals.samples.validation import first_fault
from rag.errors import NotMeasured

MOST_RUNS = 30  # chosen: a month of nights


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run without its samples."""

    run_id: str
    created: str
    corpus: str
    release: int
    regression_set: SetRecord
    judge: JudgeRecord
    verdict: Verdict
    aggregates: dict[str, Aggregate]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run in a folder of reports, or why it cannot be read."""

    folder: str
    run: RunSummary | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One run in a plot: both places in percent from the left and from the top."""

    x: float
    y: float
    mean: float
    label: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One metric over runs, drawn from `low` to 1: the tenth below its least mean."""

    low: float
    points: tuple[Point, ...]


_SUMMARY = TypeAdapter(RunSummary)


def list_runs(out: Path) -> list[StoredRun]:
    """The last runs in a folder of reports, the latest first; half-written ones with the fault."""
    paths = (path for path in out.glob("*/report.json") if not path.parent.is_symlink())
    latest = sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_RUNS]
    runs = [_read(path) for path in latest]
    return sorted(runs, key=lambda each: each.run.created if each.run else "", reverse=True)


def _read(path: Path) -> StoredRun:
    try:
        return StoredRun(path.parent.name, _SUMMARY.validate_python(read_json(path)))
    except NotMeasured as error:
        return StoredRun(path.parent.name, None, str(error))
    except ValidationError as error:
        return StoredRun(path.parent.name, None, f"is not a report: {first_fault(error)}")


def runs_before(report: Report, runs: Iterable[StoredRun]) -> list[RunSummary]:
    """The runs that were put the same set of the same corpus up to this one, the earliest first."""
    alike = [
        each.run
        for each in runs
        if each.run
        and each.run.corpus == report.corpus
        and each.run.regression_set == report.regression_set
        and each.run.created <= report.created
    ]
    return sorted(alike, key=lambda run: run.created)


def trace(name: str, runs: Sequence[RunSummary]) -> Trace:
    """The means of a metric over the runs that measured it."""
    means = [
        (place, run, found.mean)
        for place, run in enumerate(runs)
        if (found := run.aggregates.get(name)) and found.mean is not None
    ]
    low = floor(10 * min((mean for _, _, mean in means), default=0.0) - 0.5) / 10
    points = [
        Point(
            round(100 * place / max(len(runs) - 1, 1), 2),
            round(100 * (1 - mean) / (1 - low), 2),
            mean,
            f"{run.created[:16].replace('T', ' ')}, {run.corpus}@{run.release}: {mean:.3f}",
        )
        for place, run, mean in means
    ]
    return Trace(low, tuple(points))
