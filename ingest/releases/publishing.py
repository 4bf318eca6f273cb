"""Releases of a corpus on disk: built beside the others, verified, then made live by one rename."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ingest.corpus.folder import CorpusFolder
from ingest.corpus.widening import is_within, say_readers
from ingest.releases.copies import open_documents
from rag.errors import ReleaseNotFound, StorageError, UsageError
from rag.releases.disk_faults import tell_refusal
from rag.releases.folder import FLOOR, HOLD, Hold

MOST_NAMED = 5  # chosen: fits one line of an error
OTHERWISE_READABLE = """SELECT n.source, o.access, n.access FROM main.documents n
    JOIN other.documents o ON o.id = n.id WHERE o.access != n.access ORDER BY n.source"""


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


def go_live(folder: CorpusFolder, number: int, *, hold: Hold | None = None) -> None:
    """Replace LIVE; where fewer may read now, no earlier release serves by itself from then on.

    So it is where the release before is too damaged to be compared. Raises ReleaseNotFound,
    StorageError.
    """
    live = folder.live()
    try:
        is_narrower = live is not None and any(find_wider(folder, live, than=number))
    except sqlite3.DatabaseError:
        is_narrower = True
    if is_narrower:
        _replace(folder, FLOOR, f"{number}\n")
    make_live(folder, number, hold=hold)


def check_not_wider(folder: CorpusFolder, number: int) -> None:
    """Raise UsageError for a release in which documents are readable by more than in the live one.

    What the live one does not have counts as gone, not as hidden.
    """
    live = folder.live()
    try:
        wider = [] if live is None else list(find_wider(folder, number, than=live))
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"release {live} is damaged, so who may read more in release {number} is not known: "
            "say --widen to choose it all the same"
        ) from error
    if wider:
        more = f", and {len(wider) - MOST_NAMED} more" if len(wider) > MOST_NAMED else ""
        raise UsageError(
            f"in release {number} documents are readable by more than now: "
            f"{'; '.join(wider[:MOST_NAMED])}{more}: say --widen if that is right"
        )


def find_wider(folder: CorpusFolder, number: int, *, than: int) -> Iterator[str]:
    """The documents that more may read in release `number` than in another one, with who may.

    Raises sqlite3.DatabaseError for one that is damaged.
    """
    if folder.manifest(number) is None or folder.manifest(than) is None:
        return
    with open_documents(folder, number) as database:
        other = (folder.release(than) / "documents.db").resolve().as_uri()
        database.execute("ATTACH ? AS other", (f"{other}?mode=ro&immutable=1",))
        for source, *access in database.execute(OTHERWISE_READABLE):
            before, after = map(json.loads, access)
            if not is_within(after, before):
                yield f"{source}: {say_readers(before)} -> {say_readers(after)}"


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
