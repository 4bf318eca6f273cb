"""Releases of a corpus on disk: built beside the others, verified, then made live by one rename."""

import fcntl
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ReleaseNotFound, SettingsError, StorageError, WriterBusy
from rag.releases.disk_faults import tell_refusal
from rag.releases.folder import (
    FLOOR,
    HOLD,
    Hold,
    live_number,
    probe,
    read_hold,
    release_numbers,
    serving_order,
)
from rag.releases.manifest import Manifest, release_folder_name

KEPT_RELEASES = 3


@dataclass(frozen=True, slots=True)
class CorpusFolder:
    """The files of one corpus."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The ledger's database."""
        return self.path / "ledger.db"

    @property
    def blobs(self) -> Path:
        """Folder of the original bytes."""
        return self.path / "blobs"

    @property
    def releases(self) -> Path:
        """Folder of all releases."""
        return self.path / "releases"

    @property
    def name(self) -> str:
        """The corpus' name."""
        return self.path.name

    def live(self) -> int | None:
        """The number in LIVE, None when there is none or it is no number."""
        return live_number(self.path)

    def numbers(self) -> list[int]:
        """Numbers of the releases on disk, ascending."""
        return release_numbers(self.path)

    def serving(self) -> int | None:
        """The live release, or the one that serves while LIVE is lost or points to nothing."""
        found = (number for number in serving_order(self.path) if self.manifest(number))
        return next(found, None)

    def hold(self) -> Hold | None:
        """What keeps the next run from publishing, if anything does."""
        return read_hold(self.path)

    def release(self, number: int) -> Path:
        """Folder of release `number`, whether it is there or not."""
        return self.releases / release_folder_name(number)

    def manifest(self, number: int | None) -> Manifest | None:
        """What release `number` says of itself, None when it is missing or cannot be read."""
        if number is None:
            return None
        try:
            return Manifest.from_json((self.release(number) / "manifest.json").read_text())
        except (OSError, ValueError):
            return None


@contextmanager
def writer_lock(folder: CorpusFolder, started: str) -> Iterator[None]:
    """Be the only writer of a corpus, whose folder is made if missing.

    Raises WriterBusy, naming the holder, or SettingsError when the folder cannot be written.
    """
    try:
        folder.releases.mkdir(parents=True, exist_ok=True)
        lock = (folder.path / "writer.lock").open("a+")
    except OSError as error:
        raise SettingsError(f"{folder.path} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise WriterBusy(f"corpus {folder.name!r} is being written by {holder}") from error
        with suppress(OSError):  # on a full disk the lock holds without its holder's name
            lock.truncate(0)
            lock.write(f"process {os.getpid()} since {started}")
            lock.flush()
        yield


def remove_stale_builds(folder: CorpusFolder) -> None:
    """Remove what runs that died left half built; only for the holder of the writer's lock."""
    for path in (*folder.releases.glob(".build-*"), *folder.path.glob(".unpacked-*")):
        shutil.rmtree(path, ignore_errors=True)


def check_free_disk(folder: CorpusFolder, needed: int) -> None:
    """Raise StorageError unless the corpus' disk has `needed` bytes to spare."""
    free = shutil.disk_usage(folder.path).free
    if free < needed:
        raise StorageError(
            f"the next release may take {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free: "
            f"make room, e.g. by `python -m ingest gc --corpus {folder.name}`"
        )


def verify(release: Path) -> None:
    """Try a release that was just built, in a process of its own. Raises ReleaseBroken."""
    probe(release, thorough=True)


def settle(build: Path, verify: Callable[[Path], None]) -> None:
    """Make a build durable while it is being verified. Raises ReleaseBroken, StorageError."""
    with ThreadPoolExecutor(1) as thread:
        syncing = thread.submit(_sync_tree, build)
        verify(build)
        try:
            syncing.result()
        except OSError as error:
            reason = tell_refusal(error, build, corpus=build.parent.parent.name) or str(error)
            raise StorageError(f"the release cannot be written: {reason}") from error


def put_in_place(folder: CorpusFolder, build: Path, number: int) -> None:
    """Give a settled build its number, without making it live. Raises StorageError."""
    try:
        build.rename(folder.release(number))
        _sync(folder.releases)
    except OSError as error:
        reason = tell_refusal(error, folder.path, folder.name) or str(error)
        raise StorageError(f"release {number} cannot be written: {reason}") from error


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
    try:
        with partial.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder.path / name)
        _sync(folder.path)
    except OSError as error:
        reason = tell_refusal(error, folder.path, folder.name) or str(error)
        raise StorageError(f"{name} cannot be replaced: {reason}") from error


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
