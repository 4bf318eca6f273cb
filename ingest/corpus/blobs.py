"""The original bytes of every version of every document, by their sha256."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.limits import DEFAULTS
from ingest.sources.small_files import open_regular
from ingest.sources.source import Source
from rag.errors import ExtractionFailed, SourceUnreadable, StorageError

STEP_BYTES = 1 << 20  # chosen: larger steps copy no faster


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored version of a source, the same bytes that its hash was made from."""

    sha256: str
    path: Path
    size: int
    mtime_ns: int


class _Changed(Exception):
    """The source was written to while it was copied."""


def hash_file(path: Path) -> str:
    """sha256 of what a file holds now."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class BlobStore:
    """Content-addressed files below one folder, each written whole or not at all."""

    def __init__(self, folder: Path, *, most_bytes: int = DEFAULTS.source_bytes) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash are kept."""
        return self._folder / sha256[:2] / sha256

    def store(self, source: Source) -> Blob:
        """Copy a source, twice if it changes meanwhile.

        Raises SourceUnreadable where that may pass, ExtractionFailed, StorageError.
        """
        if source.size > self._most_bytes:
            raise ExtractionFailed(f"larger than {self._most_bytes / 1e6:g} MB")
        partial = self._folder / f".{os.getpid()}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if source.fetch is not None:
                return self._fetch(source, partial)
            for _ in range(2):
                try:
                    return self._copy(source, partial)
                except _Changed:
                    continue
            raise SourceUnreadable("changed while it was read, twice")
        except OSError as error:
            raise StorageError(f"{self._folder} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def discard(self, sha256: str) -> None:
        """Remove bytes that no document refers to."""
        if sha256:
            self.path_of(sha256).unlink(missing_ok=True)

    def stored(self) -> list[str]:
        """The hashes of all bytes that are kept."""
        return sorted(path.name for path in self._folder.glob("??/*"))

    def remove_partial(self) -> None:
        """Remove what writers that died left half written; only for the one writer."""
        for path in self._folder.glob(".*.partial"):
            path.unlink(missing_ok=True)

    def _fetch(self, source: Source, partial: Path) -> Blob:
        """Size and time are what the scan told of it, so that the next scan finds the same."""
        assert source.fetch is not None
        source.fetch(partial, most_bytes=self._most_bytes)
        with partial.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        return Blob(sha256, self._keep(partial, sha256), source.size, source.mtime_ns)

    def _copy(self, source: Source, partial: Path) -> Blob:
        digest = hashlib.sha256()
        size = 0
        with open_regular(source.path) as stream:
            before = os.fstat(stream.fileno())
            with partial.open("wb") as copy:
                for piece in _read(stream, self._most_bytes):
                    digest.update(piece)
                    copy.write(piece)
                    size += len(piece)
                copy.flush()
                os.fsync(copy.fileno())
            after = os.fstat(stream.fileno())
        is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if not is_same or size != after.st_size:
            raise _Changed
        sha256 = digest.hexdigest()
        return Blob(sha256, self._keep(partial, sha256), after.st_size, after.st_mtime_ns)

    def _keep(self, partial: Path, sha256: str) -> Path:
        target = self.path_of(sha256)
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            partial.rename(target)
        return target


def _read(stream: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    left = most_bytes + 1
    while left > 0:
        try:
            piece = stream.read(min(STEP_BYTES, left))
        except OSError as error:
            raise SourceUnreadable(error.strerror or "cannot be read") from error
        if not piece:
            return
        left -= len(piece)
        yield piece
