"""How far a run has come: bars on a terminal, lines in a log, nothing for programs."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from ingest.outcomes import Progress, Silence

UNITS = {"reading": "files", "cutting": "documents", "embedding": "chunks"}
LINE_EVERY_S = 5.0


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        unit = UNITS.get(task.description)
        if not unit or task.speed is None:
            return Text("")
        return Text(f"{task.speed:,.0f} {unit}/s")


class Bars:
    """A bar a stage with its count, rate and time left, gone when the run has ended."""

    def __init__(self) -> None:
        self.bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def advance(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of `stage` are behind us."""
        if stage not in self._tasks:
            self._tasks[stage] = self.bars.add_task(stage)
        self.bars.update(self._tasks[stage], completed=done, total=total)


class Lines:
    """A line every few seconds and at the end of a stage, for a log."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._last = time.monotonic()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of `stage` are behind us, unless that was just said."""
        now = time.monotonic()
        began = self._began.setdefault(stage, now)
        if done < total and now - self._last < LINE_EVERY_S:
            return
        self._last = now
        unit = UNITS.get(stage)
        if unit is None or not done:
            return
        rate = done / max(now - began, 1e-3)
        left = f", {(total - done) / rate:,.0f} s left" if done < total else ""
        sys.stderr.write(f"{stage}: {done:,} of {total:,} {unit}, {rate:,.0f}/s{left}\n")


@contextmanager
def shown_progress(*, as_json: bool) -> Iterator[Progress]:
    """Bars if somebody watches, lines if a log does, nothing if a program reads the result."""
    if as_json:
        yield Silence()
    elif sys.stderr.isatty():
        bars = Bars()
        with bars.bars:
            yield bars
    else:
        yield Lines()
