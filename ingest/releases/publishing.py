"""Releases of a corpus on disk: built beside the others, verified, then made live by one rename."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ingest.corpus.folder import CorpusFolder
from rag.errors import ReleaseNotFound, StorageError
from rag.releases.disk_faults import tell_refusal
from rag.releases.folder import FLOOR, HOLD, Hold


def check_free_disk(folder: CorpusFolder, needed: int) -> None:
    """Raise StorageError unless the corpus' disk has `needed` bytes to spare."""
    free = shutil.disk_usage(folder.path).free
    if free < needed:
        raise StorageError(
            f"the next release may take {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free: "
            f"make room, e.g. by `python -m ingest gc --corpus {folder.name}`"
        )


@contextmanager
def storage_errors(folder: CorpusFolder, what: str) -> Iterator[None]:
    """Have what the disk of a corpus refuses inside raise StorageError, beginning with `what`."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        reason = tell_refusal(error, folder.path, folder.name) or str(error)
        raise StorageError(f"{what}: {reason}") from error


def settle(build: Path, verify: Callable[[Path], None]) -> None:
    """Make a build durable while it is being verified. Raises ReleaseBroken, OSError."""
    with ThreadPoolExecutor(1) as thread:
        syncing = thread.submit(_sync_tree, build)
        verify(build)
        syncing.result()


def put_in_place(folder: CorpusFolder, build: Path, number: int) -> None:
    """Give a settled build its number, without making it live. Raises OSError."""
    build.rename(folder.release(number))
    _sync(folder.releases)


def make_live(folder: CorpusFolder, number: int, *, hold: Hold | None = None) -> None:
    """Replace LIVE in one step, which also begins the `hold` or ends the one there was.

    Raises ReleaseNotFound, StorageError.
    """
    if folder.manifest(number) is None:
        raise ReleaseNotFound(f"corpus {folder.name!r} has no release {number}")
    if hold:
        write_hold(folder, hold)
    _replace(folder, "LIVE", f"{number}\n")
    if not hold:
        (folder.path / HOLD).unlink(missing_ok=True)


def write_hold(folder: CorpusFolder, hold: Hold) -> None:
    """Hold a corpus at a release from when that is live. Raises StorageError."""
    _replace(folder, HOLD, hold.to_json())


def write_floor(folder: CorpusFolder, number: int) -> None:
    """Have no release before `number` serve by itself. Raises StorageError."""
    _replace(folder, FLOOR, f"{number}\n")


def _replace(folder: CorpusFolder, name: str, text: str) -> None:
    partial = folder.path / f".{name}.partial"
    with storage_errors(folder, f"{name} cannot be replaced"):
        with partial.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder.path / name)
        _sync(folder.path)


def remove_old_releases(folder: CorpusFolder, pinned: Collection[int], *, keep: int) -> list[int]:
    """Remove all but the last `keep` releases, the live one and those pinned; their numbers."""
    numbers = folder.numbers()
    spared = {*numbers[max(0, len(numbers) - keep) :], folder.live(), *pinned}
    removed = [number for number in numbers if number not in spared]
    for number in removed:
        remove_release(folder, number)
    return removed


def remove_release(folder: CorpusFolder, number: int) -> None:
    """Remove a release: at once from the list of releases, then from the disk."""
    leaving = folder.releases / f".build-removed-{number}"
    try:
        folder.release(number).rename(leaving)
    except FileNotFoundError:
        return
    shutil.rmtree(leaving, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        for name in files:
            _sync(Path(parent) / name)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
