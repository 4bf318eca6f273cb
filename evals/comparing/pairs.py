"""The same question before and after: what it says of a metric, and what became of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.observing import Missing
from evals.reports.decision import FATES, Fate, SampleChange
from evals.reports.record import Report, SampleRecord
from evals.statistics.paired import ROUNDING, Numbers

Pair = tuple[SampleRecord, SampleRecord]


@dataclass(frozen=True, slots=True)
class PairedValues:
    """The values of one metric where both are valid, and how many pairs have none."""

    before: Numbers
    after: Numbers
    missing: int
    alone: int

    @property
    def differences(self) -> Numbers:
        """After less before, an entry a question."""
        return self.after - self.before


def pair_samples(before: Report, after: Report) -> list[Pair]:
    """Every sample of `after` that `before` has, beside it."""
    then = {sample.id: sample for sample in before.samples}
    return [(then[sample.id], sample) for sample in after.samples if sample.id in then]


def pair_values(name: str, pairs: Sequence[Pair]) -> PairedValues:
    """A metric over the pairs; it applies to a sample that has a value of it, or a reason."""
    found = [(before.values.get(name), after.values.get(name)) for before, after in pairs]
    given = [(x, y) for x, y in found if x is not None and y is not None]
    valid = [(x, y) for x, y in given if not isinstance(x, Missing) and not isinstance(y, Missing)]
    values = np.array(valid, dtype=np.float64).reshape(-1, 2)
    alone = sum((x is None) != (y is None) for x, y in found)
    return PairedValues(values[:, 0], values[:, 1], len(given) - len(valid), alone)


def find_sample_changes(
    pairs: Iterable[Pair], shares: Collection[str], gating: Collection[str]
) -> tuple[SampleChange, ...]:
    """The questions that fared differently, the worst first.

    Those as right as before are better or worse by the sum over the metrics that gate.
    """
    found: list[tuple[tuple[int, bool, float], SampleChange]] = []
    for before, after in pairs:
        values = _differing(before, after, shares)
        sum_ = sum(y - x for name, (x, y) in values.items() if name in gating)
        fate = _fate(values.get("right"), sum_)
        if fate:
            change = SampleChange(
                id=after.id,
                fate=fate,
                critical=after.critical,
                question=after.question,
                before=before.answer,
                after=after.answer,
                values=values,
            )
            found.append(((FATES.index(fate), not after.critical, sum_), change))
    return tuple(change for _, change in sorted(found, key=lambda each: each[0]))


def _differing(
    before: SampleRecord, after: SampleRecord, shares: Collection[str]
) -> dict[str, tuple[float, float]]:
    both = ((name, before.values.get(name), after.values.get(name)) for name in shares)
    return {
        name: (x, y)
        for name, x, y in both
        if isinstance(x, float) and isinstance(y, float) and abs(x - y) > ROUNDING
    }


def _fate(right: tuple[float, float] | None, sum_: float) -> Fate | None:
    if right:
        return "lost" if right[1] < right[0] else "gained"
    if abs(sum_) <= ROUNDING:
        return None
    return "worse" if sum_ < 0 else "better"
