"""Any file system that fsspec opens, seen as a list of files that can be read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fsspec.core  # type: ignore[import-untyped]  # ships no types

from ingest.adapters.urls import credentials_of, without_credentials
from rag.errors import ExtractionFailed, SourceNotFound, UsageError

STEP_BYTES = 1 << 20
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
        try:
            found: dict[str, Told] = self._system.find(self._folder, detail=True)
        except Exception as error:
            raise self._not_listed(error) from error
        start = len(self._folder) + 1 if self._folder else 0
        return {path[start:].lstrip("/"): told for path, told in found.items()}

    def look(self, names: Sequence[str]) -> dict[str, Told]:
        """What is told of those files of the folder that there are."""
        found = {}
        for name in names:
            try:
                found[name] = self._system.info(self._path(name))
            except NOT_FOUND:
                continue
            except Exception as error:
                raise self._not_listed(error) from error
        return found

    def fetch(self, relative: str, target: Path, *, most_bytes: int) -> None:
        """Copy a file to `target`. Raises ExtractionFailed, and OSError if that cannot be."""
        with target.open("wb") as copy:
            for piece in self._read(relative, most_bytes):
                copy.write(piece)

    def read(self, relative: str, most_bytes: int) -> bytes:
        """A small file's bytes. Raises ExtractionFailed."""
        return b"".join(self._read(relative, most_bytes))

    def _read(self, relative: str, most_bytes: int) -> Iterator[bytes]:
        left = most_bytes
        try:
            with self._system.open(self._path(relative), "rb") as stream:
                while piece := stream.read(min(STEP_BYTES, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise ExtractionFailed(f"larger than {most_bytes:,} bytes")
                    yield piece
        except (ExtractionFailed, GeneratorExit):
            raise
        except Exception as error:
            raise ExtractionFailed(f"cannot be fetched: {self._say(error)}") from error

    def _path(self, relative: str) -> str:
        return f"{self._folder}/{relative}" if self._folder else relative

    def _not_listed(self, error: Exception) -> SourceNotFound:
        return SourceNotFound(f"{self._url} cannot be listed: {self._say(error)}")

    def _say(self, error: Exception) -> str:
        return _describe(error, self._secrets)


def open_file_system(url: str) -> tuple[FileSystem, str]:
    """The folder that a URL names and "", or the folder of the file that it names and its name.

    Raises UsageError where a package is missing, SourceNotFound where there is nothing to open.
    """
    shown, protocol = without_credentials(url), url.partition("://")[0]
    try:
        system, place = fsspec.core.url_to_fs(url)
        place = str(place).rstrip("/")
        is_file = bool(place) and system.isfile(place)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        advice = f"pip install 'plumbline[{extra}]'" if extra else str(error)
        raise UsageError(f"{protocol}:// needs another package: {advice}") from error
    except Exception as error:
        why = _describe(error, credentials_of(url))
        raise SourceNotFound(f"{shown} cannot be opened: {why}") from error
    folder, _, name = place.rpartition("/") if is_file else (place, "", "")
    return FileSystem(system, folder, url), name


def _describe(error: Exception, secrets: Sequence[str]) -> str:
    words = " ".join(f"{type(error).__name__}: {error}".split())
    for secret in secrets:
        words = words.replace(secret, "***")
    return words[:200]
