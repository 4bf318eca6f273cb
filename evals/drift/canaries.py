"""Canary questions: the same ones in two runs, and how many of their ten best hits stayed."""

from evals.drift.findings import Canaries
from evals.reports.record import Place, Report
from rag.errors import NotMeasured, UsageError

BEST = 10  # overlap@10, as many as a search returns by default
MOST_SHOWN = 5  # chosen: enough to see what moved


def compare_hits(before: Report, after: Report) -> Canaries:
    """The overlap of two runs of one set. Raises UsageError for others, NotMeasured without hits.

    A hit is its source and span, so one whose document was edited before it counts as moved.
    """
    if before.regression_set.name != after.regression_set.name:
        sets = f"{before.regression_set.name} and {after.regression_set.name}"
        raise UsageError(f"--canaries: the runs are of {sets}: name two runs of one set")
    earlier = {sample.id: sample for sample in before.samples}
    overlaps = {
        sample.question: _overlap(earlier[sample.id].hits, sample.hits)
        for sample in after.samples
        if sample.id in earlier and (sample.hits or earlier[sample.id].hits)
    }
    if not overlaps:
        raise NotMeasured("--canaries: the runs share no question that had hits")
    worst = sorted((share, question) for question, share in overlaps.items() if share < 1)
    return Canaries(
        before.run_id,
        after.run_id,
        len(overlaps),
        sum(overlaps.values()) / len(overlaps),
        tuple((question, share) for share, question in worst[:MOST_SHOWN]),
    )


def _overlap(before: tuple[Place, ...], after: tuple[Place, ...]) -> float:
    """Of the places that either has among its best, the share of the longer list in both."""
    ours, theirs = ({(hit.source, hit.span) for hit in hits[:BEST]} for hits in (before, after))
    return len(ours & theirs) / max(len(ours), len(theirs))
