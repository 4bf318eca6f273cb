"""The answers that are not right, worst first: the first thing to read in a report."""

from dataclasses import dataclass
from statistics import fmean

from evals.reports.record import Report, SampleRecord

WRONG = "wrong: cites none of the evidence"
ANSWERED_WITHOUT = "answered, though evidence of it is gone"
NEEDLESS = "abstained, though the evidence is there"
ABSTAINED_WITHOUT = "abstained: evidence of it is gone"
INVENTED = "answered, though the documents do not"
ORDER = (WRONG, ANSWERED_WITHOUT, NEEDLESS, ABSTAINED_WITHOUT, INVENTED)


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample whose answer is not right, and in what way."""

    how: str
    sample: SampleRecord


def find_failures(report: Report) -> list[Failure]:
    """All samples that are not right: wrong answers first, of each kind the critical ones first."""
    found = [Failure(_describe(s), s) for s in report.samples if s.values.get("right") == 0.0]
    return sorted(
        found,
        key=lambda each: (
            ORDER.index(each.how),
            not each.sample.critical,
            mean_share(each.sample, report),
        ),
    )


def find_weakest(report: Report, most: int) -> list[tuple[float, SampleRecord]]:
    """Of the samples that are right those with the lowest means, none that is perfect."""
    right = [sample for sample in report.samples if sample.values.get("right") == 1.0]
    means = [(mean_share(sample, report), sample) for sample in right]
    return sorted((pair for pair in means if pair[0] < 1), key=lambda pair: pair[0])[:most]


def mean_share(sample: SampleRecord, report: Report) -> float:
    """The mean over all values of a sample but its times; it has at least one."""
    return fmean(
        value
        for name, value in sample.values.items()
        if isinstance(value, float) and report.metrics[name].unit == "share"
    )


def _describe(sample: SampleRecord) -> str:
    is_answered = sample.status != "abstained"
    if sample.kind != "answerable":
        return INVENTED
    if sample.values["evidence_present"] == 0.0:
        return ANSWERED_WITHOUT if is_answered else ABSTAINED_WITHOUT
    return WRONG if is_answered else NEEDLESS
