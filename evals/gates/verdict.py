"""What a run decides: whether anything is wrong enough to stop for, with a sentence for each.

A floor is broken by a mean below it, a critical sample by not being right. A regression is a
critical sample that an earlier run had right, or a metric that gates and fell by more than chance
explains. What could not be measured weighs most, since a part of the rest is then unknown.
"""

from collections.abc import Iterator, Mapping

from evals.comparing.comparison import compare
from evals.gates.criteria import Criteria
from evals.observing import Missing
from evals.reports.aggregates import aggregate_all, poorly_measured
from evals.reports.decision import Comparison, Verdict
from evals.reports.record import Aggregate, Report
from evals.statistics.paired import ROUNDING
from rag.errors import NotMeasured

PASS, REGRESSION, BROKEN = 0, 1, 2
NOT_MEASURED = NotMeasured.exit_code


def decide(report: Report, criteria: Criteria) -> Verdict:
    """The verdict on a run; the highest exit code of its reasons is its own. Raises UsageError."""
    compared = None
    if criteria.baseline:
        compared = compare(criteria.baseline, report, criteria.least_drops, criteria.alpha)
    reasons = {
        NOT_MEASURED: [*_unmeasured(report, criteria), *_unpaired(compared, criteria)],
        BROKEN: [*_broken_floors(report, criteria), *_broken_critical(report, criteria)],
        REGRESSION: [*_regressions(compared)],
    }
    return Verdict(
        exit_code=max((code for code, found in reasons.items() if found), default=PASS),
        unmeasured=tuple(reasons[NOT_MEASURED]),
        broken=tuple(reasons[BROKEN]),
        regressions=tuple(reasons[REGRESSION]),
        notes=tuple(_mended(report, criteria)),
        floors=dict(criteria.floors),
        comparison=compared,
    )


def _unmeasured(report: Report, criteria: Criteria) -> Iterator[str]:
    if report.judge.check and not report.judge.check.valid:
        yield f"the judged metrics: {report.judge.check.note}"
    yield from poorly_measured(report.aggregates, report.samples, criteria.least_valid)
    for sample in report.samples:
        value = sample.values["right"]
        if sample.critical and isinstance(value, Missing):
            yield f"critical sample {sample.id}: {value.reason}"


def _unpaired(compared: Comparison | None, criteria: Criteria) -> Iterator[str]:
    """The metrics that gate and have too few pairs, though each run may have enough values."""
    if not compared:
        return
    for name in compared.uncompared:
        if name in criteria.least_drops:
            yield f"the change of {name}: no value in both runs, or defined otherwise then"
    for name, found in compared.metrics.items():
        asked = found.n + found.missing
        if found.gating and found.n < criteria.least_valid * asked:
            yield f"the change of {name}: {found.n} of {asked} measured in both runs"


def _broken_floors(report: Report, criteria: Criteria) -> Iterator[str]:
    yield from _below(report.aggregates, criteria.floors, "")
    for tag, floors in criteria.slice_floors.items():
        tagged = [sample for sample in report.samples if tag in sample.tags]
        yield from _below(aggregate_all(tagged, floors), floors, f" of {tag}")


def _below(
    aggregates: Mapping[str, Aggregate], floors: Mapping[str, float], of: str
) -> Iterator[str]:
    for name, floor in floors.items():
        mean = aggregates[name].mean if name in aggregates else None
        if mean is not None and mean < floor - ROUNDING:
            yield f"{name}{of} is {mean:.3f}, its floor {floor:g}"


def _broken_critical(report: Report, criteria: Criteria) -> Iterator[str]:
    wrong = [
        sample.id
        for sample in report.samples
        if sample.critical and sample.values["right"] == 0.0
        if sample.id not in criteria.known_wrong
    ]
    if wrong:
        yield f"critical and not right: {', '.join(wrong)}"


def _regressions(compared: Comparison | None) -> Iterator[str]:
    if not compared:
        return
    critical = [change.id for change in compared.having("lost") if change.critical]
    if critical:
        yield f"critical samples that were right in {compared.before}: {', '.join(critical)}"
    for name, found in compared.metrics.items():
        if found.regressed:
            yield (
                f"{name} fell from {found.before:.3f} to {found.after:.3f} since {compared.before} "
                f"({found.n} samples, adjusted p = {found.adjusted_p:.4f})"
            )


def _mended(report: Report, criteria: Criteria) -> Iterator[str]:
    for sample in report.samples:
        if sample.id in criteria.known_wrong and sample.values["right"] == 1.0:
            yield f"{sample.id} is right now: take it out of known_wrong"
