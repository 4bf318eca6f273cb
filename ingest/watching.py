"""Following folders: what changes in them is brought in when they have been quiet for a while."""

import glob
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import watchfiles

from rag.errors import SourceNotFound, UsageError

RESCAN_S = 300.0
LOOK_MS = 500
MOST_DELAY_S = 60.0


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


def follow(folders: Sequence[Path], bring_in: Callable[[], None], *, quiet_s: float) -> None:
    """Call `bring_in` now, and whenever something changed and then `quiet_s` passed in peace.

    Every RESCAN_S it is called anyway, since a network share may not tell of its changes. Ends only
    by an exception. Raises SourceNotFound when a folder goes.
    """
    try:
        changes = watchfiles.watch(
            *folders,
            watch_filter=None,
            step=int(quiet_s * 1000),
            debounce=int(max(quiet_s, MOST_DELAY_S) * 1000),
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        next(changes)  # only now it has begun to watch
        bring_in()
        last = time.monotonic()
        for changed in changes:
            if changed or time.monotonic() - last > RESCAN_S:
                bring_in()
                last = time.monotonic()
    except FileNotFoundError as error:
        raise SourceNotFound(f"a watched folder is gone: {error}") from error
