"""A comparison of two runs: each metric with its p and interval, each question that changed."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from evals.comparing.identity import check_comparable, find_changes
from evals.comparing.pairs import (
    Pair,
    PairedValues,
    find_sample_changes,
    pair_samples,
    pair_values,
)
from evals.reports.decision import Comparison, MetricComparison
from evals.reports.record import Report
from evals.statistics.correction import holm
from evals.statistics.paired import ROUNDING, mean_interval, paired_p
from evals.statistics.power import detectable_drop


def compare(
    before: Report, after: Report, least_drops: Mapping[str, float], alpha: float
) -> Comparison:
    """What became of `before`; the metrics of `least_drops` gate. Raises UsageError."""
    ids = [sample.id for sample in after.samples]
    check_comparable(before, after.regression_set, after.judge, ids)
    pairs = pair_samples(before, after)
    shares = [name for name in _shares(after) if _means_the_same(name, before, after)]
    found = {name: pair_values(name, pairs) for name in shares}
    paired = {name: values for name, values in found.items() if values.before.size}
    then, now = (
        _applying(0, pairs) & set(_shares(before)),
        _applying(1, pairs) & set(_shares(after)),
    )
    return Comparison(
        before=before.run_id,
        after=after.run_id,
        changes=find_changes(before, after),
        metrics=_compare_metrics(paired, least_drops, alpha),
        uncompared=tuple(sorted((then & now) - paired.keys())),
        samples=find_sample_changes(pairs, shares, least_drops),
        notes=(
            *_tell_not_asked(before, after),
            *_tell_alone(before, then - now),
            *_tell_alone(after, now - then),
        ),
    )


def _compare_metrics(
    paired: Mapping[str, PairedValues], least_drops: Mapping[str, float], alpha: float
) -> dict[str, MetricComparison]:
    """Holm's correction counts the metrics that gate and of which anything changed.

    One of which nothing changed cannot raise a false alarm, as the test takes the sizes of the
    changes as given. It would only make the others harder to see (Tarone 1990).
    """
    p_values = {name: paired_p(values.differences) for name, values in paired.items()}
    gating = [name for name in paired if name in least_drops]
    tested = [name for name in gating if np.abs(paired[name].differences).max() > ROUNDING]
    adjusted = dict.fromkeys(gating, 1.0) | holm({name: p_values[name] for name in tested})
    found = {}
    for name, values in paired.items():
        differences = values.differences
        drop, least_drop = -float(differences.mean()), least_drops.get(name)
        low, high = mean_interval(differences)
        found[name] = MetricComparison(
            n=differences.size,
            missing=values.missing,
            alone=values.alone,
            before=float(values.before.mean()),
            after=float(values.after.mean()),
            difference=-drop,
            low=low,
            high=high,
            p=p_values[name],
            adjusted_p=adjusted.get(name),
            detectable=detectable_drop(differences, alpha / len({*tested, name})),
            least_drop=least_drop,
            regressed=least_drop is not None
            and adjusted[name] < alpha
            and drop >= least_drop - ROUNDING,
        )
    return found


def _shares(report: Report) -> Iterator[str]:
    """The metrics of which more is better."""
    return (name for name, metric in report.metrics.items() if metric.unit == "share")


def _means_the_same(name: str, before: Report, after: Report) -> bool:
    return before.metrics.get(name) == after.metrics[name]


def _applying(place: int, pairs: Sequence[Pair]) -> set[str]:
    """The metrics that apply to any of the samples before (0) or after (1)."""
    return {name for pair in pairs for name in pair[place].values}


def _tell_not_asked(before: Report, after: Report) -> Iterator[str]:
    not_again = len(before.samples) - len(after.samples)
    if not_again:
        yield f"{not_again} samples of run {before.run_id} were not asked again"


def _tell_alone(run: Report, names: Collection[str]) -> Iterator[str]:
    if names:
        yield f"measured in run {run.run_id} alone: {', '.join(sorted(names))}"
