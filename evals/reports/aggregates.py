"""Values of many samples as a few numbers, with what is missing counted beside them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evals.observing import Missing
from evals.reports.record import Aggregate, Decisions, Report, SampleRecord, Value
from evals.samples.sample import KINDS, Kind

REASON_CHARACTERS = 200  # chosen: two lines


def aggregate(values: Sequence[Value]) -> Aggregate:
    """Mean, median and 95th percentile (linear) of the valid values."""
    valid = [value for value in values if not isinstance(value, Missing)]
    if not valid:
        return Aggregate(0, len(values), None, None, None)
    p50, p95 = np.percentile(valid, [50, 95])
    missing = len(values) - len(valid)
    return Aggregate(len(valid), missing, float(np.mean(valid)), float(p50), float(p95))


def aggregate_all(samples: Sequence[SampleRecord], metrics: Iterable[str]) -> dict[str, Aggregate]:
    """Each metric that applies to at least one of the samples."""
    collected = {
        name: [sample.values[name] for sample in samples if name in sample.values]
        for name in metrics
    }
    return {name: aggregate(values) for name, values in collected.items() if values}


def slice_by_tag(
    samples: Sequence[SampleRecord], metrics: Iterable[str]
) -> dict[str, dict[str, Aggregate]]:
    """The aggregates of the samples with each tag, tags in order."""
    names = list(metrics)
    tags = sorted({tag for sample in samples for tag in sample.tags})
    return {
        tag: aggregate_all([sample for sample in samples if tag in sample.tags], names)
        for tag in tags
    }


def confusion_matrix(samples: Sequence[SampleRecord]) -> dict[Kind, Decisions]:
    """How many samples of each kind were answered, abstained from, or could not be asked."""
    return {
        kind: _decisions([sample for sample in samples if sample.kind == kind]) for kind in KINDS
    }


def _decisions(samples: Sequence[SampleRecord]) -> Decisions:
    abstained = sum(sample.status == "abstained" for sample in samples)
    missing = sum(sample.status is None for sample in samples)
    return Decisions(len(samples) - abstained - missing, abstained, missing)


def poorly_measured(
    aggregates: Mapping[str, Aggregate], samples: Sequence[SampleRecord], least_valid: float
) -> list[str]:
    """The metrics with less than that share of their values valid, a line for each reason."""
    names: dict[tuple[int, int, str], list[str]] = {}
    for name, found in aggregates.items():
        asked = found.n + found.missing
        if found.n < least_valid * asked:
            names.setdefault((found.n, asked, _first_reason(name, samples)), []).append(name)
    return [
        f"{', '.join(metrics)}: {n} of {asked} measured ({reason})"
        for (n, asked, reason), metrics in names.items()
    ]


def lost_evidence(samples: Sequence[SampleRecord]) -> dict[str, tuple[str, ...]]:
    """The samples that each piece of lost evidence was for, by the reason why it is lost."""
    found: dict[str, dict[str, None]] = {}
    for sample in samples:
        for lost in sample.lost:
            found.setdefault(lost.reason, {})[sample.id] = None
    return {reason: tuple(ids) for reason, ids in sorted(found.items())}


def missing_values(report: Report) -> dict[tuple[str, str], list[str]]:
    """The metrics that are missing, by sample id and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for sample in report.samples:
        for name, value in sample.values.items():
            if isinstance(value, Missing):
                found.setdefault((sample.id, value.reason), []).append(name)
    return found


def _first_reason(name: str, samples: Sequence[SampleRecord]) -> str:
    values: list[Mapping[str, Value]] = [sample.values for sample in samples]
    reasons = (value[name] for value in values if name in value)
    first = next(value.reason for value in reasons if isinstance(value, Missing))
    return first if len(first) <= REASON_CHARACTERS else first[:REASON_CHARACTERS] + "…"
