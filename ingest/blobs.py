"""The original bytes of every version of every document, by their sha256."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ingest.sources import Source
from rag.errors import ExtractionFailed, StorageError

MOST_BYTES = 200_000_000


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

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash are kept."""
        return self._folder / sha256[:2] / sha256

    def store(self, source: Source) -> Blob:
        """Copy a source, twice if it changes meanwhile. Raises ExtractionFailed, StorageError."""
        if source.size > MOST_BYTES:
            raise ExtractionFailed(f"larger than {MOST_BYTES // 1_000_000} MB")
        for _ in range(2):
            try:
                return self._copy(source)
            except _Changed:
                continue
        raise ExtractionFailed("changed while it was read, twice")

    def discard(self, sha256: str) -> None:
        """Remove bytes that no document refers to."""
        if sha256:
            self.path_of(sha256).unlink(missing_ok=True)

    def stored(self) -> list[str]:
        """The hashes of all bytes that are kept."""
        return sorted(path.name for path in self._folder.glob("??/*") if path.name[0] != ".")

    def remove_partial(self) -> None:
        """Remove what writers that died left half written; only for the one writer."""
        for path in self._folder.glob("??/.*"):
            path.unlink(missing_ok=True)

    def _copy(self, source: Source) -> Blob:
        try:
            descriptor = os.open(source.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise ExtractionFailed(error.strerror or "cannot be opened") from error
        with os.fdopen(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise ExtractionFailed("not a regular file")
            try:
                content = stream.read(MOST_BYTES + 1)
            except OSError as error:
                raise ExtractionFailed(error.strerror or "cannot be read") from error
            after = os.fstat(descriptor)
        is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if not is_same or len(content) != after.st_size:
            raise _Changed
        sha256 = hashlib.sha256(content).hexdigest()
        self._write(self.path_of(sha256), content)
        return Blob(sha256, self.path_of(sha256), after.st_size, after.st_mtime_ns)

    def _write(self, target: Path, content: bytes) -> None:
        if target.exists():
            return
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.rename(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise StorageError(f"{target.parent} cannot be written: {error.strerror}") from error
