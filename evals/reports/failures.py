"""The answers that are not right, worst first: the first thing to read in a report."""

from dataclasses import dataclass

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
    """All samples that are not right: wrong answers first, of each kind the critical ones first.

    After these come the ones that the system was surest of.
    """
    found = [Failure(_describe(s), s) for s in report.samples if s.values.get("right") == 0.0]
    return sorted(
        found,
        key=lambda each: (
            ORDER.index(each.how),
            not each.sample.critical,
            -(each.sample.confidence or 0),
        ),
    )


def _describe(sample: SampleRecord) -> str:
    is_answered = sample.status != "abstained"
    if sample.kind != "answerable":
        return INVENTED
    if sample.values["evidence_present"] == 0.0:
        return ANSWERED_WITHOUT if is_answered else ABSTAINED_WITHOUT
    return WRONG if is_answered else NEEDLESS
