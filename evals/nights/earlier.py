"""A night against those before it: the median of the last seven, and the one line that tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from evals.reports.record import Report, read_report
from evals.statistics.paired import ROUNDING
from rag.errors import NotMeasured

NIGHTS = 7  # a week, so that every day of it is in the median
LEAST_NIGHTS = 3  # chosen: below that a median is one night's
MOST_READ = 30  # chosen: a month; nights of other sets or corpora may lie between
VERDICTS = {0: "pass", 1: "REGRESSION", 2: "BROKEN", 3: "NOT MEASURED"}


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last nights of the same corpus, set and samples, the newest first.

    `unreadable` are the folders of reports that cannot be read, as of one that was cut off.
    """

    nights: tuple[Report, ...]
    unreadable: tuple[Path, ...]

    def median(self, metric: str, judged_by: tuple[str, ...] = ()) -> float | None:
        """The median of a metric's means; of a judged one over the nights of that judge."""
        means = [
            night.aggregates[metric].mean
            for night in self.nights
            if metric in night.aggregates and judged_by in ((), judge_of(night))
        ]
        valid = [mean for mean in means if mean is not None]
        return median(valid) if len(valid) >= LEAST_NIGHTS else None


def judge_of(report: Report) -> tuple[str, ...]:
    """What must be the same for judged numbers to mean the same."""
    return (report.judge.model, report.judge.base_url, report.judge.version)


def read_earlier(out: Path, report: Report) -> Earlier:
    """The nights in a folder that `report`, not in it yet, can be held against."""
    files = [path for path in out.glob("*/report.json") if not path.parent.is_symlink()]
    files.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    folders = (path for path in out.glob("20*") if path.is_dir())
    unreadable = [path for path in folders if not (path / "report.json").exists()]
    nights: list[Report] = []
    for path in files[:MOST_READ]:
        try:
            night = read_report(path)
        except NotMeasured:
            unreadable.append(path.parent)
            continue
        is_same = (night.corpus, night.regression_set) == (report.corpus, report.regression_set)
        if is_same and len(nights) < NIGHTS:
            nights.append(night)
    return Earlier(tuple(nights), tuple(unreadable))


def with_drops(report: Report, earlier: Earlier, least_drops: Mapping[str, float]) -> Report:
    """The report with a note for each drop below the last nights; what decides is the baseline."""
    verdict = report.verdict
    notes = (*verdict.notes, *tell_drops(report, earlier, least_drops))
    return replace(report, verdict=replace(verdict, notes=notes))


def tell_drops(report: Report, earlier: Earlier, least_drops: Mapping[str, float]) -> Iterator[str]:
    """The metrics that gate and are so far below the median of the last nights."""
    for name, least_drop in least_drops.items():
        found = report.aggregates.get(name)
        judged_by = judge_of(report) if found and report.metrics[name].judged else ()
        usual = earlier.median(name, judged_by)
        if found is None or found.mean is None or usual is None:
            continue
        if usual - found.mean >= least_drop - ROUNDING:
            nights = len(earlier.nights)
            yield f"{name} is {found.mean:.3f}, the median of the last {nights} nights {usual:.3f}"


def tell_night(report: Report, earlier: Earlier, folder: Path) -> str:
    """The night in one line for a chat channel."""
    verdict = report.verdict
    parts = [VERDICTS[verdict.exit_code]]
    right, usual = report.aggregates["right"].mean, earlier.median("right")
    if right is not None:
        nights = f" (median of {len(earlier.nights)} nights {usual:.3f})" if usual else ""
        parts.append(f"right {right:.3f}{nights}")
    if verdict.comparison:
        compared = verdict.comparison
        lost, gained = len(compared.having("lost")), len(compared.having("gained"))
        parts.append(f"{lost} lost, {gained} gained since {compared.before}")
    told = (*verdict.reasons, *verdict.notes)
    parts += told[:1] if len(told) < 2 else [f"{told[0]}, and {len(told) - 1} more"]
    where = f"{report.corpus}@{report.release}, {report.regression_set.name}"
    return f"{where}: {'; '.join(parts)}; {folder}"
