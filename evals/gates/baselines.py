"""Baselines: the run that later ones are held against, a file beside the set, moved by hand alone.

It holds what a comparison needs: answers and shares of each sample, and what made them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.observing import Missing
from evals.reports.record import Report, SampleRecord, Value, parse_report, read_json
from evals.samples.reading import read_set
from evals.samples.validation import first_fault
from rag.errors import NotMeasured, StorageError, UsageError

FOLDER = "baselines"
DIGITS = 6  # chosen: finer than any mean is shown, and than any test can tell


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why a run became the baseline, and when (ISO 8601, UTC)."""

    why: str
    accepted: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run to be equalled, and how it came to be it and those before it, the oldest first."""

    history: tuple[Acceptance, ...]
    report: Report


@dataclass(frozen=True, slots=True)
class _History:
    history: tuple[Acceptance, ...]


_ADAPTER = TypeAdapter(Baseline)
_HISTORY = TypeAdapter(_History)


def baseline_path(regression_set: Path) -> Path:
    """Where the baseline of a set is."""
    return regression_set.parent / FOLDER / f"{regression_set.stem}.json"


def read_run(path: Path) -> Report:
    """The run of a report, its folder, or a baseline. Raises NotMeasured."""
    file = path / "report.json" if path.is_dir() else path
    raw = read_json(file)
    if isinstance(raw, dict) and "history" in raw:
        raw = raw.get("report")
    return parse_report(file, raw)


def read_baseline(path: Path) -> Baseline:
    """A baseline with its history. Raises NotMeasured."""
    raw = read_json(path)
    try:
        history = _HISTORY.validate_python(raw).history
    except ValidationError as error:
        raise NotMeasured(f"{path} is not a baseline: {first_fault(error)}") from error
    return Baseline(history, read_run(path))


def accept(report: Report, regression_set: Path, *, why: str, accepted: str) -> Baseline:
    """Make a run the baseline of its set. Raises UsageError, NotMeasured, StorageError."""
    _check_acceptable(report, regression_set, why)
    path = baseline_path(regression_set)
    earlier = read_baseline(path).history if path.exists() else ()
    acceptance = Acceptance(" ".join(why.split()), accepted, report.run_id)
    baseline = Baseline((*earlier, acceptance), _thin(report))
    partial = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        partial.write_text(_lay_out(baseline), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"the baseline {path} cannot be written: {error.strerror}") from error
    return baseline


def _check_acceptable(report: Report, regression_set: Path, why: str) -> None:
    if not why.strip():
        raise UsageError("--why is empty: say why this run is what later ones must equal")
    asked, wanted = report.regression_set, read_set(regression_set)
    if asked.sha256 != wanted.sha256:
        raise UsageError(
            f"run {report.run_id} was measured on {asked.name} {asked.sha256[:12]}, and "
            f"{regression_set} is {wanted.sha256[:12]}: name its set by --set, or run it anew"
        )
    if asked.asked < asked.samples:
        raise UsageError(
            f"run {report.run_id} asked {asked.asked} of {asked.samples} samples: "
            "a baseline has all of them, so run it without --limit"
        )
    if report.verdict.unmeasured:
        raise NotMeasured(
            f"run {report.run_id} is no baseline, as it could not measure "
            f"{report.verdict.unmeasured[0]}"
        )


def _thin(report: Report) -> Report:
    """The run without what is long and no comparison reads, and without its times."""
    shares = {name: each for name, each in report.metrics.items() if each.unit == "share"}
    return replace(
        report,
        verdict=replace(report.verdict, comparison=None),
        lost_evidence={},
        metrics=shares,
        aggregates={name: each for name, each in report.aggregates.items() if name in shares},
        slices={},
        samples=tuple(_thin_sample(sample, shares) for sample in report.samples),
    )


def _thin_sample(sample: SampleRecord, shares: Mapping[str, object]) -> SampleRecord:
    values: dict[str, Value] = {
        name: value if isinstance(value, Missing) else round(value, DIGITS)
        for name, value in sample.values.items()
        if name in shares
    }
    return replace(
        sample,
        hits=(),
        citations=(),
        lost=(),
        values=values,
        repeats={},
        judgements={},
        sentences=(),
        contexts=(),
    )


def _lay_out(baseline: Baseline) -> str:
    """JSON with a line for each sample, so that a change of the file can be read."""
    raw = _ADAPTER.dump_python(baseline, mode="json")
    samples = raw["report"].pop("samples")
    lines = ",\n".join(json.dumps(sample, ensure_ascii=False) for sample in samples)
    head = json.dumps(raw, ensure_ascii=False, indent=1).removesuffix("\n }\n}")
    return f'{head},\n  "samples": [\n{lines}\n]}}}}\n'
