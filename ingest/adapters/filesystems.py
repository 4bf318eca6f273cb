"""Any file system that fsspec opens, seen as a list of files that can be read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec.core  # type: ignore[import-untyped]  # ships no types

from ingest.adapters.urls import credentials_of, without_credentials
from rag.errors import RagError, SourceNotFound, SourceUnreadable, UsageError

STEP_BYTES = 1 << 20  # chosen: small beside any limit
EXTRAS = {"s3": "s3", "gs": "gs", "gcs": "gs"}
NOT_FOUND = (FileNotFoundError, NotADirectoryError)
Told = dict[str, Any]  # what a backend tells of a file differs from one to the other


class FileSystem:
    """A folder of a file system, for the errors of which every backend has types of its own."""

    def __init__(self, system: Any, folder: str, url: str) -> None:  # fsspec is untyped
        self._system = system
        self._folder = folder
        self._url = without_credentials(url)
        self._secrets = credentials_of(url)

    def find(self) -> dict[str, Told]:
        """What is told of each file below the folder, by its path from there."""
        with _translated(self._not_listed, self._secrets):
            found: dict[str, Told] = self._system.find(self._folder, detail=True)
        start = len(self._folder) + 1 if self._folder else 0
        return {path[start:].lstrip("/"): told for path, told in found.items()}

    def look(self, names: Sequence[str]) -> dict[str, Told]:
        """What is told of those files of the folder that there are."""
        found = {}
        for name in names:
            with _translated(self._not_listed, self._secrets), suppress(*NOT_FOUND):
                found[name] = self._system.info(self._path(name))
        return found

    def fetch(self, relative: str, target: Path, *, most_bytes: int) -> None:
        """Copy a file to `target`. Raises SourceUnreadable, and OSError if that cannot be."""
        with target.open("wb") as copy:
            for piece in self._read(relative, most_bytes):
                copy.write(piece)

    def read(self, relative: str, most_bytes: int) -> bytes:
        """A small file's bytes. Raises SourceUnreadable."""
        return b"".join(self._read(relative, most_bytes))

    def _read(self, relative: str, most_bytes: int) -> Iterator[bytes]:
        left = most_bytes
        with (
            _translated(lambda why: SourceUnreadable(f"cannot be fetched: {why}"), self._secrets),
            self._system.open(self._path(relative), "rb") as stream,
        ):
            while piece := stream.read(min(STEP_BYTES, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise SourceUnreadable(f"larger than {most_bytes:,} bytes")
                yield piece

    def _path(self, relative: str) -> str:
        return f"{self._folder}/{relative}" if self._folder else relative

    def _not_listed(self, why: str) -> SourceNotFound:
        return SourceNotFound(f"{self._url} cannot be listed: {why}")


def open_file_system(url: str) -> tuple[FileSystem, str]:
    """The folder that a URL names and "", or the folder of the file that it names and its name.

    Raises UsageError where a package is missing, SourceNotFound where there is nothing to open.
    """
    shown, protocol = without_credentials(url), url.partition("://")[0]
    with _translated(
        lambda why: SourceNotFound(f"{shown} cannot be opened: {why}"), credentials_of(url)
    ):
        try:
            system, place = fsspec.core.url_to_fs(url)
            place = str(place).rstrip("/")
            is_file = bool(place) and system.isfile(place)
        except ImportError as error:
            extra = EXTRAS.get(protocol)
            advice = f"pip install 'plumbline[{extra}]'" if extra else str(error)
            raise UsageError(f"{protocol}:// needs another package: {advice}") from error
    folder, _, name = place.rpartition("/") if is_file else (place, "", "")
    return FileSystem(system, folder, url), name


@contextmanager
def _translated(failed: Callable[[str], RagError], secrets: Sequence[str]) -> Iterator[None]:
    """Raise what `failed` makes of the words of a backend's error, without the secrets."""
    try:
        yield
    except RagError:
        raise
    except Exception as error:  # each backend has an error tree of its own, in its own package
        words = " ".join(f"{type(error).__name__}: {error}".split())
        for secret in secrets:
            words = words.replace(secret, "***")
        raise failed(words[:200]) from error
