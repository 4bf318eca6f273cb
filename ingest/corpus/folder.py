"""The folder of a corpus: where its parts are, what is live, and the lock of its one writer."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import SettingsError, WriterBusy
from rag.releases.folder import Hold, live_number, read_hold, release_numbers, serving_order
from rag.releases.manifest import Manifest, release_folder_name


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
