"""Releases of a corpus on disk: built beside the others, verified, then made live by one rename."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.domain import Manifest, release_folder_name
from rag.errors import (
    ReleaseBroken,
    ReleaseNotFound,
    SettingsError,
    StorageError,
    WriterBusy,
)

KEPT_RELEASES = 3
VERIFY_S = 600


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
        try:
            return int((self.path / "LIVE").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def numbers(self) -> list[int]:
        """Numbers of the releases on disk, ascending."""
        names = (path.name for path in self.releases.glob("[0-9]*"))
        return sorted(int(name) for name in names if name.isdigit())

    def manifest(self, number: int | None) -> Manifest | None:
        """What release `number` says of itself, None when it is missing or cannot be read."""
        if number is None:
            return None
        path = self.releases / release_folder_name(number) / "manifest.json"
        try:
            return Manifest.from_json(path.read_text())
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
        lock.truncate(0)
        lock.write(f"process {os.getpid()} since {started}")
        lock.flush()
        yield


def remove_stale_builds(folder: CorpusFolder) -> None:
    """Remove what runs that died left half built; only for the holder of the writer's lock."""
    for path in folder.releases.glob(".build-*"):
        shutil.rmtree(path, ignore_errors=True)


def verify(release: Path) -> None:
    """Open and try a release in a process of its own, which it may crash. Raises ReleaseBroken."""
    command = [sys.executable, "-m", "ingest.probe", str(release.resolve())]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=VERIFY_S)
    except subprocess.TimeoutExpired as error:
        raise ReleaseBroken(f"the new release was not verified within {VERIFY_S} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise ReleaseBroken(f"the new release failed its verification: {reason}")


def publish(folder: CorpusFolder, build: Path, number: int) -> None:
    """Make a verified build durable, give it its number and make it live. Raises StorageError."""
    target = folder.releases / release_folder_name(number)
    try:
        _sync_tree(build)
        build.rename(target)
        _sync(folder.releases)
    except OSError as error:
        raise StorageError(f"release {number} cannot be written: {error}") from error
    make_live(folder, number)


def make_live(folder: CorpusFolder, number: int) -> None:
    """Replace LIVE in one step. Raises ReleaseNotFound, StorageError."""
    if folder.manifest(number) is None:
        raise ReleaseNotFound(f"corpus {folder.name!r} has no release {number}")
    partial = folder.path / ".LIVE.partial"
    try:
        with partial.open("w") as stream:
            stream.write(f"{number}\n")
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder.path / "LIVE")
        _sync(folder.path)
    except OSError as error:
        raise StorageError(f"LIVE cannot be replaced: {error}") from error


def remove_old_releases(folder: CorpusFolder) -> None:
    """Keep the last releases and the live one."""
    for number in folder.numbers()[:-KEPT_RELEASES]:
        if number != folder.live():
            shutil.rmtree(folder.releases / release_folder_name(number), ignore_errors=True)


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
