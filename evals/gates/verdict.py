"""What a run decides: whether anything is wrong enough to stop for, with a sentence for each.

A floor is broken by a mean below it, a critical sample by not being right. A regression is a
critical sample that an earlier run had right, or more samples lost than gained by more than chance.
What could not be measured weighs most, since a part of the rest is then unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import comb

from evals.gates.criteria import Criteria
from evals.metrics.aggregates import poorly_measured
from evals.observing import Missing
from evals.reports.record import Aggregate, Comparison, Report, SampleRecord, Verdict
from rag.errors import NotMeasured

PASS, REGRESSION, BROKEN = 0, 1, 2
NOT_MEASURED = NotMeasured.exit_code
ALPHA = 0.05
ROUNDING = 1e-9


def decide(
    samples: Sequence[SampleRecord], aggregates: Mapping[str, Aggregate], criteria: Criteria
) -> Verdict:
    """The verdict on a run; the highest exit code of its reasons is its own."""
    compared = compare(samples, criteria.baseline) if criteria.baseline else None
    reasons = {
        NOT_MEASURED: [*poorly_measured(aggregates, samples), *_unknown_critical(samples)],
        BROKEN: [*_broken_floors(aggregates, criteria), *_broken_critical(samples, criteria)],
        REGRESSION: [*_regressions(samples, compared)] if compared else [],
    }
    return Verdict(
        exit_code=max((code for code, found in reasons.items() if found), default=PASS),
        unmeasured=tuple(reasons[NOT_MEASURED]),
        broken=tuple(reasons[BROKEN]),
        regressions=tuple(reasons[REGRESSION]),
        notes=tuple(_mended(samples, criteria)),
        floors=dict(criteria.floors),
        comparison=compared,
    )


def compare(samples: Sequence[SampleRecord], baseline: Report) -> Comparison:
    """The samples that were right then or now, and not both; what either lacks is left out."""
    before = {sample.id: sample.values.get("right") for sample in baseline.samples}
    pairs = [(sample.id, before.get(sample.id), sample.values.get("right")) for sample in samples]
    lost = tuple(id_ for id_, then, now in pairs if (then, now) == (1.0, 0.0))
    gained = tuple(id_ for id_, then, now in pairs if (then, now) == (0.0, 1.0))
    return Comparison(baseline.run_id, lost, gained, mcnemar(len(lost), len(gained)))


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p of so uneven a split, were each of the changes a toss of a coin."""
    changes = lost + gained
    tail = sum(comb(changes, k) for k in range(max(lost, gained), changes + 1))
    return min(1.0, float(2 * tail / 2**changes))


def _broken_floors(aggregates: Mapping[str, Aggregate], criteria: Criteria) -> Iterator[str]:
    for name, floor in criteria.floors.items():
        mean = aggregates[name].mean if name in aggregates else None
        if mean is not None and mean < floor - ROUNDING:
            yield f"{name} is {mean:.3f}, its floor {floor:g}"


def _broken_critical(samples: Sequence[SampleRecord], criteria: Criteria) -> Iterator[str]:
    wrong = [
        sample.id
        for sample in samples
        if sample.critical and sample.values["right"] == 0.0
        if sample.id not in criteria.known_wrong
    ]
    if wrong:
        yield f"critical and not right: {', '.join(wrong)}"


def _unknown_critical(samples: Sequence[SampleRecord]) -> Iterator[str]:
    for sample in samples:
        value = sample.values["right"]
        if sample.critical and isinstance(value, Missing):
            yield f"critical sample {sample.id}: {value.reason}"


def _regressions(samples: Sequence[SampleRecord], compared: Comparison) -> Iterator[str]:
    critical = [each.id for each in samples if each.critical and each.id in compared.lost]
    if critical:
        yield f"critical samples that were right in {compared.run_id}: {', '.join(critical)}"
    if len(compared.lost) > len(compared.gained) and compared.p < ALPHA:
        yield (
            f"{len(compared.lost)} samples lost and {len(compared.gained)} gained since "
            f"{compared.run_id} (p = {compared.p:.3f})"
        )


def _mended(samples: Sequence[SampleRecord], criteria: Criteria) -> Iterator[str]:
    for sample in samples:
        if sample.id in criteria.known_wrong and sample.values["right"] == 1.0:
            yield f"{sample.id} is right now: take it out of known_wrong"
