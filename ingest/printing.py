"""Runs and releases on a terminal, or as JSON lines for programs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from ingest.ledger import SourceRow
from ingest.outcomes import Report
from rag.domain import Manifest


class TerminalProgress:
    """Bars on a terminal while a run is under way; nothing where there is no terminal."""

    def __init__(self) -> None:
        self.bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def advance(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of `stage` are behind us."""
        if stage not in self._tasks:
            self._tasks[stage] = self.bars.add_task(stage)
        self.bars.update(self._tasks[stage], completed=done, total=total)


def print_report(report: Report) -> None:
    """How many sources ended in which state, why some were quarantined, what is live now."""
    console = Console()
    table = Table("state", "sources", box=None, pad_edge=False)
    for state, count in report.counts.items():
        table.add_row(state, str(count))
    table.add_row("all", str(len(report.outcomes)), style="bold")
    console.print(table)
    for outcome in report.outcomes:
        if outcome.state == "quarantined" or outcome.reason:
            console.print(Text(f"{outcome.state}: {outcome.source}: {outcome.reason}"))
    release = "no release" if report.release is None else f"{report.corpus}@{report.release}"
    how = "published" if report.published else "nothing published, live is"
    console.print(
        f"{how} {release}: {report.chunks} chunks, {report.embedded} embedded, "
        f"{report.seconds:.1f} s",
        highlight=False,
    )


def print_report_as_json(report: Report) -> None:
    """One line a source, then one line for the run."""
    for outcome in report.outcomes:
        _print_json(asdict(outcome))
    summary = {
        "release": report.release,
        "published": report.published,
        "counts": dict(report.counts),
        "embedded": report.embedded,
        "chunks": report.chunks,
        "seconds": report.seconds,
    }
    _print_json(summary)


def print_sources(rows: Sequence[SourceRow], *, as_json: bool) -> None:
    """Each source with its state after the last run."""
    if as_json:
        for row in rows:
            _print_json({"source": row.name, "state": row.state, "reason": row.reason})
        return
    table = Table("state", "source", "reason", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.state, Text(row.name), Text(row.reason))
    Console().print(table)


def print_releases(manifests: Sequence[Manifest], live: int | None, *, as_json: bool) -> None:
    """Each release that is kept, the live one marked."""
    if as_json:
        for manifest in manifests:
            _print_json({**asdict(manifest), "live": manifest.release == live})
        return
    table = Table("release", "created", "documents", "chunks", "embedder", box=None, pad_edge=False)
    for manifest in manifests:
        mark = " (live)" if manifest.release == live else ""
        table.add_row(
            f"{manifest.release}{mark}",
            manifest.created,
            str(manifest.documents),
            str(manifest.chunks),
            manifest.embedder,
        )
    Console().print(table)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
