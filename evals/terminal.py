"""An evaluation on a terminal: progress on stderr, then a short table."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from evals.gates.baselines import Baseline
from evals.reports.decision import FATES, Comparison, Verdict
from evals.reports.failures import find_failures
from evals.reports.record import Report

SHOWN_FAILURES = 10  # chosen: a screen
SHOWN_CHANGES = 3  # chosen: enough to see why
SHOWN_CHARACTERS = 200  # chosen: two lines
LONG = 50  # chosen: half a line


@contextmanager
def show_progress() -> Iterator[Callable[[str, int], None]]:
    """To be called once a sample that is done, with its stage and the number of all its samples.

    One bar a stage, on stderr; in a log, a line for each tenth of a long one.
    """
    console = Console(stderr=True)
    bars: dict[str, TaskID] = {}
    done: Counter[str] = Counter()

    def advance(stage: str, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(stage, total=total)
        progress.advance(bars[stage])
        done[stage] += 1
        is_tenth = done[stage] * 10 // total > (done[stage] - 1) * 10 // total
        if is_tenth and total >= LONG and not console.is_terminal:
            console.print(f"evals: {stage}, {done[stage]} of {total}", highlight=False)

    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield advance


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
    print_lines(judge.lines())
    print_verdict(report.verdict)
    for suffix in ("json", "md", "html"):
        console.print(str(folder / f"report.{suffix}"))


def print_verdict(verdict: Verdict) -> None:
    """The comparison, if there is one, and what else is to be told of the run."""
    console = Console(highlight=False, soft_wrap=True)
    if verdict.comparison:
        _print_comparison(console, verdict.comparison)
    for note in verdict.notes:
        console.print(Text(note))


def _print_comparison(console: Console, compared: Comparison) -> None:
    counts = ", ".join(f"{len(compared.having(fate))} {fate}" for fate in FATES)
    console.print(f"run {compared.after} since run {compared.before}: {counts}")
    for change in compared.changes:
        console.print(Text(f"  {change.name}: {change.before} → {change.after}"))
    console.print(_comparison_table(compared))
    others = [(name, found) for name, found in compared.worst_metrics() if not found.gating]
    if others:
        told = ", ".join(f"{name} {found.difference:+.3f}" for name, found in others)
        console.print(f"do not gate: {told}")
    for note in compared.notes:
        console.print(Text(note))
    if compared.uncompared:
        names = ", ".join(compared.uncompared)
        console.print(f"without a value in both runs, or defined otherwise then: {names}")
    for sample in compared.samples[:SHOWN_CHANGES]:
        critical = "critical, " if sample.critical else ""
        console.print(Text(f"{sample.fate}: {critical}{sample.id}: {_line(sample.question)}"))
        for when, answer in (("before", sample.before), ("now", sample.after)):
            console.print(Text(f"  {when}: {_line(answer) or 'no answer'}"))


def _comparison_table(compared: Comparison) -> Table:
    """The metrics that gate, the worst first, those with a regression marked."""
    table = Table("", "metric", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("before", "now", "change", "95 % interval", "adj. p", "detectable", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, found in compared.worst_metrics():
        if found.gating:
            table.add_row(
                *("✗" if found.regressed else "", name),
                *(f"{found.before:.3f}", f"{found.after:.3f}", f"{found.difference:+.3f}"),
                f"{found.low:+.3f} {found.high:+.3f}",
                *(f"{found.adjusted_p:.4f}", f"{found.detectable:.3f}", str(found.n)),
            )
    return table


def print_baseline(baseline: Baseline) -> None:
    """Which run it is, of what, and why it and those before it became the baseline."""
    console = Console(highlight=False, soft_wrap=True)
    run = baseline.report
    console.print(
        f"{run.regression_set.name}: run {run.run_id} of {run.corpus}@{run.release}, "
        f"{len(run.samples)} samples, judge: {run.judge.model or 'none'}"
    )
    for each in reversed(baseline.history):
        console.print(Text(f"  {each.accepted}, run {each.run_id}: {each.why}"))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"


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
        unit, floor = report.metrics[name].unit, report.verdict.floors.get(name)
        is_share = unit == "share"
        numbers = [None if unit == "ms" else found.mean, floor]
        numbers += [None, None] if is_share else [found.p50, found.p95]
        cells = ["" if n is None else f"{n:.3f}" if is_share else f"{n:.1f}" for n in numbers]
        table.add_row(name, *cells, str(found.n), str(found.missing))
    return table


def print_lines(lines: Iterable[str]) -> None:
    """Say on stdout what was found."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text(line))


def complain(line: str) -> None:
    """Say on stderr what is wrong."""
    print(f"evals: {line}", file=sys.stderr)  # noqa: T201 - a command's output


def complain_of_all(lines: Iterable[str]) -> None:
    """Say each on stderr."""
    for line in lines:
        complain(line)
