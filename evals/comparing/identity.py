"""Which runs can be compared, and in what two runs differ that can."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from evals.reports.decision import Change
from evals.reports.record import JudgeRecord, Report, SetRecord
from evals.samples.sample import RegressionSet
from rag.errors import UsageError

SHOWN_DIGITS = 12  # of a hash, as everywhere in a report


def check_comparable(
    before: Report, asked: RegressionSet | SetRecord, judge: JudgeRecord, ids: Iterable[str]
) -> None:
    """Whether a run of this set by these samples and judge can be held against `before`.

    Another release, chat model, prompt or setting can: that is what a comparison is for.
    Raises UsageError.
    """
    theirs = before.regression_set
    if theirs.sha256 != asked.sha256:
        raise UsageError(
            f"run {before.run_id} was measured on {theirs.name} {theirs.sha256[:SHOWN_DIGITS]}, "
            f"this one on {asked.name} {asked.sha256[:SHOWN_DIGITS]}: compare runs of the same set"
        )
    for what, then, now in _judges(before.judge, judge):
        raise UsageError(
            f"run {before.run_id} was judged with {what} {then!r}, this one with {now!r}: "
            "compare runs of the same judge"
        )
    not_asked = sorted(set(ids) - {sample.id for sample in before.samples})
    if not_asked:
        raise UsageError(
            f"run {before.run_id} was not asked {len(not_asked)} of these samples, "
            f"{not_asked[0]} first: measure both with the same --limit"
        )


def _judges(before: JudgeRecord, after: JudgeRecord) -> Iterator[tuple[str, str, str]]:
    """What of two judges differs; nothing where one run had none."""
    if not before.model or not after.model:
        return
    for what in ("model", "base_url", "version"):
        then, now = getattr(before, what), getattr(after, what)
        if then != now:
            yield what, then, now


def find_changes(before: Report, after: Report) -> tuple[Change, ...]:
    """What differs of the release, the settings behind the answers, and the judge."""
    then, now = _describe(before), _describe(after)
    return tuple(
        Change(name, then.get(name, "none"), now.get(name, "none"))
        for name in {**then, **now}
        if then.get(name, "none") != now.get(name, "none")
    )


def _describe(report: Report) -> dict[str, str]:
    made_by = asdict(report.fingerprint) if report.fingerprint else {}
    return {
        "release": f"{report.corpus}@{report.release}",
        "content": report.content_hash[:SHOWN_DIGITS],
        **{
            name.replace("_", " "): str(part) or "none"
            for name, part in made_by.items()
            if name != "release"
        },
        "judge": report.judge.model or "none",
        "judge repeats": str(report.judge.repeats),
    }
