"""Any file system that fsspec opens, seen as a list of files that can be fetched."""

from pathlib import Path
from typing import Any

import fsspec.core  # type: ignore[import-untyped]  # ships no types

from rag.errors import ExtractionFailed, SourceNotFound, UsageError

STEP_BYTES = 1 << 20
EXTRAS = {"s3": "s3", "gs": "gs", "gcs": "gs"}


class FileSystem:
    """One place of a file system: a file, or a folder with all files below it."""

    def __init__(self, system: Any, place: str, url: str) -> None:  # fsspec is untyped
        self._system = system
        self._place = place.rstrip("/")
        self._url = url

    def files(self) -> dict[str, dict[str, Any]]:
        """What is told of each file, by its path below the place; "" is the place itself."""
        try:
            if self._system.isfile(self._place):
                return {"": self._system.info(self._place)}
            found: dict[str, dict[str, Any]] = self._system.find(self._place, detail=True)
        except Exception as error:
            raise SourceNotFound(f"{self._url} cannot be listed: {_say(error)}") from error
        start = len(self._place) + 1 if self._place else 0
        return {path[start:]: about for path, about in found.items()}

    def fetch(self, relative: str, target: Path, *, most_bytes: int) -> None:
        """Copy a file to `target`. Raises ExtractionFailed."""
        path = f"{self._place}/{relative}" if relative and self._place else relative or self._place
        copied = 0
        try:
            with self._system.open(path, "rb") as stream, target.open("wb") as copy:
                while piece := stream.read(STEP_BYTES):
                    copied += len(piece)
                    if copied > most_bytes:
                        raise ExtractionFailed(f"larger than {most_bytes // 1_000_000} MB")
                    copy.write(piece)
        except ExtractionFailed:
            raise
        except Exception as error:
            raise ExtractionFailed(f"cannot be fetched: {_say(error)}") from error


def open_file_system(url: str) -> FileSystem:
    """The place that a URL names. Raises UsageError where a package is missing, SourceNotFound."""
    protocol = url.partition("://")[0]
    try:
        system, place = fsspec.core.url_to_fs(url)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        advice = f"pip install 'plumbline[{extra}]'" if extra else _say(error)
        raise UsageError(f"{protocol}:// needs another package: {advice}") from error
    except Exception as error:
        raise SourceNotFound(f"{url} cannot be opened: {_say(error)}") from error
    return FileSystem(system, str(place), url)


def _say(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
