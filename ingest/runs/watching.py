"""Following folders: what changes in them is brought in when they have been quiet for a while."""

import glob
import io
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import watchfiles
from watchfiles.main import FileChange

from ingest.clock import now_utc
from rag.errors import RagError, SourceNotFound, UsageError

LOOK_MS = 500  # chosen: how long a stop may take
MOST_DELAY_S = 60.0  # chosen: a folder that never rests is read once a minute all the same


def watched_folders(arguments: Sequence[str]) -> list[Path]:
    """The folders in which changes of the given sources show. Raises UsageError, SourceNotFound."""
    folders = []
    for argument in arguments:
        if "://" in argument:
            raise UsageError(f"{argument} cannot be watched: only local files and folders can")
        path = Path(argument)
        if not path.exists() and glob.has_magic(argument):
            parts = path.parts
            path = Path(*parts[: next(at for at, part in enumerate(parts) if glob.has_magic(part))])
        folder = path if path.is_dir() else path.parent
        if not folder.is_dir():
            raise SourceNotFound(f"{argument} does not exist")
        folders.append(folder.resolve())
    return folders


def watch(
    arguments: Sequence[str], bring_in: Callable[[], None], pace: "Pace", *, as_json: bool
) -> None:
    """Follow sources on a terminal or for a log, each line with its time; JSON lines have theirs.

    Raises UsageError, SourceNotFound for what cannot be followed.
    """
    folders = watched_folders(arguments)

    def tell(problem: str) -> None:
        sys.stderr.write(f"ingest: {' '.join(problem.split())}\n")
        sys.stderr.flush()

    with (
        redirect_stdout(sys.stdout if as_json else StampedLines(sys.stdout)),
        redirect_stderr(StampedLines(sys.stderr)),
    ):
        follow(folders, bring_in, tell, pace)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it must be quiet, and after how long it is looked again without a change.

    After an error that is `retry_s`, then twice as long each time, and at most `rescan_s`.
    """

    quiet_s: float
    retry_s: float = 5.0
    rescan_s: float = 300.0


def follow(
    folders: Sequence[Path],
    bring_in: Callable[[], None],
    tell: Callable[[str], None],
    pace: Pace,
) -> None:
    """Call `bring_in` now, when something has changed and then rests, and now and then anyway.

    A network share may not tell of its changes. What fails is told and tried again; a folder that
    goes is waited for. Ends only by an exception that is no fault of sources, disk or model.
    """
    attempts = _Attempts(bring_in, tell, pace)
    while True:
        _wait_for(folders, tell)
        attempts.hurry()
        seen = list(map(_identify, folders))
        changes = _changes(folders, pace.quiet_s)
        try:
            for changed in changes:
                if list(map(_identify, folders)) != seen:
                    break
                attempts.make(at_once=bool(changed))
        except OSError as error:
            tell(f"changes are not told: {error.strerror or error}")
            attempts.make(at_once=False)
            time.sleep(pace.retry_s)
        finally:
            changes.close()


class _Attempts:
    def __init__(self, bring_in: Callable[[], None], tell: Callable[[str], None], pace: Pace):
        self._bring_in = bring_in
        self._tell = tell
        self._pace = pace
        self._wait_s = pace.retry_s
        self._due = 0.0

    def hurry(self) -> None:
        """Make the next attempt as soon as may be."""
        self._due = 0.0

    def make(self, *, at_once: bool) -> None:
        """Bring in what there is, if it is time."""
        if not at_once and time.monotonic() < self._due:
            return
        try:
            self._bring_in()
        except (RagError, OSError) as error:
            self._due = time.monotonic() + self._wait_s
            self._tell(f"{error}; tried again in {self._wait_s:.0f} s or when something changes")
            self._wait_s = min(2 * self._wait_s, self._pace.rescan_s)
        else:
            self._due = time.monotonic() + self._pace.rescan_s
            self._wait_s = self._pace.retry_s


def _changes(folders: Sequence[Path], quiet_s: float) -> Generator[set[FileChange], None, None]:
    return watchfiles.watch(
        *folders,
        watch_filter=None,
        step=int(quiet_s * 1000),
        debounce=int(max(quiet_s, MOST_DELAY_S) * 1000),
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    )


def _identify(folder: Path) -> tuple[int, int] | None:
    """Which folder this is, so that one that was replaced or mounted is told from the last."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _wait_for(folders: Sequence[Path], tell: Callable[[str], None]) -> None:
    is_told = False
    while None in (seen := list(map(_identify, folders))):
        if not is_told:
            tell(f"{folders[seen.index(None)]} is gone; what is live stays, waiting for it")
            is_told = True
        time.sleep(LOOK_MS / 1000)


class StampedLines(io.TextIOBase):
    """A stream that begins each line with the time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_inside = False

    def write(self, text: str) -> int:
        """Write a text, however many lines it has."""
        for line in text.splitlines(keepends=True):
            self._stream.write(line if self._is_inside else f"{now_utc()} {line}")
            self._is_inside = not line.endswith("\n")
        return len(text)

    def flush(self) -> None:
        """Have what was written go out."""
        self._stream.flush()
