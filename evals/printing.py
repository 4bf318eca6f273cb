"""An evaluation on a terminal: progress on stderr, then a short table."""

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from evals.aggregates import poorly_measured
from evals.record import Report


class ProgressBars:
    """One bar a stage, on stderr, shown only on a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._bars: dict[str, TaskID] = {}

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


def print_report(report: Report, folder: Path) -> None:
    """The aggregates, the confusion matrix, the judge, what is missing, and where the files are."""
    console = Console()
    console.print(
        f"{report.corpus}@{report.release}, {report.regression_set.name}, "
        f"{len(report.samples)} samples, {report.seconds:.1f} s",
        highlight=False,
    )
    table = Table("metric", box=None, pad_edge=False)
    for column in ("mean", "p50", "p95", "measured", "missing"):
        table.add_column(column, justify="right")
    for name, found in report.aggregates.items():
        is_time = report.metrics[name].unit == "ms"
        numbers = [None if is_time else found.mean, found.p50 if is_time else None]
        numbers.append(found.p95 if is_time else None)
        cells = ["" if n is None else f"{n:.1f}" if is_time else f"{n:.3f}" for n in numbers]
        table.add_row(name, *cells, str(found.n), str(found.missing))
    console.print(table)
    for kind, row in report.abstention.items():
        console.print(
            f"{kind}: {row.answered} answered, {row.abstained} abstained, {row.missing} missing",
            highlight=False,
        )
    judge = report.judge
    console.print(f"judge: {judge.model if judge.measured else judge.note}", highlight=False)
    for suffix in ("json", "md", "html"):
        console.print(str(folder / f"report.{suffix}"), highlight=False, soft_wrap=True)


def explain_missing(report: Report) -> str:
    """One line for stderr when too much could not be measured, empty otherwise."""
    return "; ".join(poorly_measured(report))
