"""A drift report on a terminal: one line for each detector, then what is behind it."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.drift.findings import DriftReport, Finding

MOST_NAMED = 5  # chosen: sources of one kind of change on a line


def print_drift(report: DriftReport) -> None:
    """What alarms, the table of detectors, examples, topics, sources, canaries."""
    console = Console(highlight=False, soft_wrap=True)
    before, after = report.reference, report.current
    console.print(
        f"{report.corpus}: {report.current_questions} questions from {after.start[:10]} "
        f"against {report.reference_questions} from {before.start[:10]}"
    )
    alarms = [finding.name for finding in report.findings if finding.alarm]
    console.print(f"ALARM: {', '.join(alarms)}" if alarms else "no alarm")
    console.print(_table(report.findings))
    for finding in report.findings:
        if finding.note:
            console.print(f"{finding.name}: {finding.note}")
    _print_list(console, "questions that differ most", report.examples)
    for topic in report.topics:
        console.print(
            f"no source, {topic.reference} -> {topic.current} questions: "
            f"{escape(', '.join(topic.words))} (e.g. {escape(topic.examples[0])})"
        )
    _print_sources(console, report)
    if canaries := report.canaries:
        console.print(
            f"canaries: {canaries.overlap:.3f} of the ten best hits of {canaries.questions} "
            f"questions are those of {canaries.before}"
        )
        _print_list(
            console,
            "moved most",
            tuple(f"{share:.1f} {question}" for question, share in canaries.moved),
        )


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("detector", "before", "after", "effect", "95 % interval", "p (Holm)"):
        table.add_column(name, no_wrap=True)
    for finding in findings:
        difference = finding.difference
        if difference is not None and finding.adjusted is not None:
            table.add_row(
                f"{finding.name} !" if finding.alarm else finding.name,
                _tell(finding.reference),
                _tell(finding.current),
                f"{difference.effect:.3f}",
                f"{difference.low:.3f} to {difference.high:.3f}",
                f"{finding.adjusted:.3f}",
            )
    return table


def _print_sources(console: Console, report: DriftReport) -> None:
    for old in report.old_sources:
        newer = f", replaced by {old.superseded_by}" if old.superseded_by else ""
        dated = f"of {old.date}" if old.date else "without a date"
        console.print(escape(f"old and cited {old.citations} times: {old.source}, {dated}{newer}"))
    if change := report.corpus_change:
        console.print(f"corpus: release {change.before} -> {change.after} {change.note}".rstrip())
        for what in ("added", "removed", "changed"):
            sources = getattr(change, what)
            if sources:
                more = f" and {len(sources) - MOST_NAMED} more" if len(sources) > MOST_NAMED else ""
                named = ", ".join(sources[:MOST_NAMED])
                console.print(escape(f"  {len(sources)} {what}: {named}{more}"))


def _print_list(console: Console, title: str, lines: tuple[str, ...]) -> None:
    if lines:
        console.print(f"{title}:")
        for line in lines:
            console.print(f"  {escape(line)}")


def _tell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
