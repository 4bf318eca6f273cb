"""An evaluation on a terminal: progress on stderr, then a short table."""

from collections import Counter
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from evals.reports.failures import find_failures
from evals.reports.record import Report, Verdict

SHOWN_FAILURES = 10
LONG = 50


class ProgressBars:
    """One bar a stage, on stderr; in a log, a line for each tenth of a long one."""

    def __init__(self) -> None:
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._bars: dict[str, TaskID] = {}
        self._done: Counter[str] = Counter()

    def __enter__(self) -> "ProgressBars":
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress.console.is_terminal:
            self._progress.stop()

    def advance(self, stage: str, total: int) -> None:
        """One more sample of `stage` is done."""
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task(stage, total=total)
        self._progress.advance(self._bars[stage])
        self._done[stage] += 1
        done = self._done[stage]
        is_tenth = done * 10 // total > (done - 1) * 10 // total
        if is_tenth and total >= LONG and not self._progress.console.is_terminal:
            self._progress.console.print(f"evals: {stage}, {done} of {total}", highlight=False)


def print_report(report: Report, folder: Path) -> None:
    """What is not right, the aggregates, the confusion matrix, the judge, where the files are."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{report.corpus}@{report.release}, {report.regression_set.name}, "
        f"{len(report.samples)} samples, {report.seconds:.1f} s"
    )
    _print_failures(console, report)
    for reason, ids in report.lost_evidence.items():
        console.print(Text(f"evidence gone: {reason} (for {', '.join(ids)})"))
    console.print(_metrics_table(report))
    for kind, row in report.abstention.items():
        console.print(
            f"{kind}: {row.answered} answered, {row.abstained} abstained, {row.missing} missing"
        )
    judge = report.judge
    console.print(f"judge: {judge.model if judge.measured else judge.note}")
    if compared := report.verdict.comparison:
        console.print(
            f"since {compared.run_id}: {len(compared.lost)} samples lost, "
            f"{len(compared.gained)} gained, p = {compared.p:.3f}"
        )
    for note in report.verdict.notes:
        console.print(note)
    for suffix in ("json", "md", "html"):
        console.print(str(folder / f"report.{suffix}"))


def _print_failures(console: Console, report: Report) -> None:
    failures = find_failures(report)
    console.print(f"{len(failures)} of {len(report.samples)} not right")
    for failure in failures[:SHOWN_FAILURES]:
        critical = "critical, " if failure.sample.critical else ""
        text = f"  {failure.sample.id}: {critical}{failure.how}: {failure.sample.question}"
        console.print(Text(" ".join(text.split("\n"))))
    if len(failures) > SHOWN_FAILURES:
        console.print(f"  and {len(failures) - SHOWN_FAILURES} more, in the report")


def _metrics_table(report: Report) -> Table:
    table = Table("metric", box=None, pad_edge=False)
    for column in ("mean", "floor", "p50", "p95", "measured", "missing"):
        table.add_column(column, justify="right")
    for name, found in report.aggregates.items():
        is_time = report.metrics[name].unit == "ms"
        floor = report.verdict.floors.get(name)
        numbers = [None if is_time else found.mean, floor, found.p50 if is_time else None]
        numbers.append(found.p95 if is_time else None)
        cells = ["" if n is None else f"{n:.1f}" if is_time else f"{n:.3f}" for n in numbers]
        table.add_row(name, *cells, str(found.n), str(found.missing))
    return table


def explain_verdict(verdict: Verdict) -> list[str]:
    """The lines for stderr, none for a run that passes."""
    return [
        *(f"could not measure {reason}" for reason in verdict.unmeasured),
        *(f"broken: {reason}" for reason in verdict.broken),
        *(f"regression: {reason}" for reason in verdict.regressions),
    ]
