"""How far a run has come: bars on a terminal, lines in a log, JSON for programs."""

import json
import sys
import time
from collections import deque
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

from ingest.runs.outcomes import Progress

UNITS = {"reading": "files", "cutting": "documents", "embedding": "chunks"}
LINE_EVERY_S = 5.0
LEAST_S = 1.0
RATE_OVER_S = 30.0


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


class _Pace:
    """How fast a stage has been of late, in steps a second."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def rate(self, done: int) -> float | None:
        """The rate over the last while, None as long as that is too short to tell."""
        now = time.monotonic()
        self._looks.append((now, done))
        while len(self._looks) > 2 and now - self._looks[1][0] > RATE_OVER_S:
            self._looks.popleft()
        began, before = self._looks[0]
        return (done - before) / (now - began) if now - began >= LEAST_S else None


class _Steps:
    """Decides when to say how far a stage is: every few seconds, and at its end."""

    def __init__(self) -> None:
        self._paces: dict[str, _Pace] = {}
        self._last = time.monotonic()

    def look(self, stage: str, done: int, total: int) -> tuple[bool, float | None]:
        """Whether it is time to say something, and the rate."""
        rate = self._paces.setdefault(stage, _Pace()).rate(done)
        now = time.monotonic()
        is_time = stage in UNITS and done > 0
        is_time = is_time and (done >= total or now - self._last >= LINE_EVERY_S)
        self._last = now if is_time else self._last
        return is_time, rate


class Lines:
    """A line every few seconds and at the end of a stage, for a log."""

    def __init__(self) -> None:
        self._steps = _Steps()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of `stage` are behind us, unless that was just said."""
        is_time, rate = self._steps.look(stage, done, total)
        if not is_time:
            return
        said = f"{stage}: {done:,} of {total:,} {UNITS[stage]}"
        said += f", {rate:,.0f}/s" if rate else ""
        left = f", {(total - done) / rate:,.0f} s left" if rate and done < total else ""
        sys.stderr.write(f"{said}{left}\n")


class JsonLines:
    """The same as JSON on the error stream, for a program that reads the result."""

    def __init__(self) -> None:
        self._steps = _Steps()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say how far a stage is that takes longer than a few seconds."""
        is_time, rate = self._steps.look(stage, done, total)
        if is_time and rate and done < total:
            left = round((total - done) / rate, 1)
            said = {"stage": stage, "done": done, "total": total, "left_s": left}
            sys.stderr.write(json.dumps(said) + "\n")


@contextmanager
def shown_progress(*, as_json: bool) -> Iterator[Progress]:
    """Bars if somebody watches, lines if a log does, JSON if a program reads the result."""
    if as_json:
        yield JsonLines()
    elif sys.stderr.isatty():
        bars = Bars()
        with bars.bars:
            yield bars
    else:
        yield Lines()
