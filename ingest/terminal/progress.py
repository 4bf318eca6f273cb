"""How far a run has come: bars on a terminal, lines in a log, JSON for programs."""

import json
import sys
import time
from collections import defaultdict, deque
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

from ingest.corpus.setup import Progress

UNITS = {
    "reading": "files",
    "cutting": "documents",
    "embedding": "chunks",
    "asking what is live": "questions",
    "asking what is new": "questions",
}
LINE_EVERY_S = 5.0  # chosen: a log that can be read
LEAST_S = 1.0  # chosen: no rate from less
RATE_OVER_S = 30.0  # chosen: long enough to be steady, short enough to be of now


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        unit = UNITS.get(task.description)
        if not unit or task.speed is None:
            return Text("")
        return Text(f"{task.speed:,.0f} {unit}/s")


@contextmanager
def _shown_bars() -> Iterator[Progress]:
    """A bar a stage with its count, rate and time left, gone when the run has ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with RichProgress(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield advance


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


class Lines:
    """A line every few seconds and at the end of a stage, for a log; or as JSON for a program."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._describe = _as_json if as_json else _as_text
        self._paces: defaultdict[str, _Pace] = defaultdict(_Pace)
        self._last = time.monotonic()

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of `stage` are behind us, unless that was just said."""
        rate = self._paces[stage].rate(done)
        now = time.monotonic()
        is_time = done >= total or now - self._last >= LINE_EVERY_S
        if is_time and done > 0 and stage in UNITS:
            self._last = now
            sys.stderr.write(self._describe(stage, done, total, rate))


def _as_text(stage: str, done: int, total: int, rate: float | None) -> str:
    said = f"{stage}: {done:,} of {total:,} {UNITS[stage]}"
    said += f", {rate:,.0f}/s" if rate else ""
    left = f", {(total - done) / rate:,.0f} s left" if rate and done < total else ""
    return f"{said}{left}\n"


def _as_json(stage: str, done: int, total: int, rate: float | None) -> str:
    """Nothing of a stage that takes no longer than a few seconds."""
    if not rate or done >= total:
        return ""
    left = round((total - done) / rate, 1)
    return json.dumps({"stage": stage, "done": done, "total": total, "left_s": left}) + "\n"


@contextmanager
def shown_progress(*, as_json: bool) -> Iterator[Progress]:
    """Bars if somebody watches, lines if a log does, JSON if a program reads the result."""
    if not as_json and sys.stderr.isatty():
        with _shown_bars() as advance:
            yield advance
    else:
        yield Lines(as_json=as_json).advance
