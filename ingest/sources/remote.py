"""Sources on other file systems, by fsspec URL: object stores, repositories, archives."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ingest.adapters.filesystems import FileSystem, open_file_system
from ingest.adapters.urls import without_credentials
from ingest.sources.labels import SIDE_CAR, SideCar, side_cars_of, stamp_of
from ingest.sources.small_files import LINK, NOT_A_FILE
from ingest.sources.source import ScanOptions, Source, printable
from rag.errors import SourceNotFound, SourceSkipped, UsageError

PROTOCOLS = (
    *("abfs", "file", "ftp", "gcs", "gs", "github", "hdfs", "memory", "s3", "sftp", "smb", "tar"),
    "zip",
)
VERSIONS = ("etag", "generation", "sha", "crc", "checksum", "md5", "version_id")
TIMES = (
    *("mtime", "lastmodified", "last_modified", "updated", "modified", "modify", "created"),
    "date_time",
)
MOST_ENTRIES = 1_000_000  # chosen: one look at a bucket lists as many in minutes


def look_at_url(url: str, options: ScanOptions) -> tuple[str, list[Source], int]:
    """The root that an fsspec URL stands for, its sources, and how many files are hidden.

    Raises UsageError for a protocol that is not read, SourceNotFound for what cannot be listed.
    """
    _check_protocols(url)
    root = without_credentials(url).rstrip("/")
    system, name = open_file_system(url)
    entries = system.look([name, name + SIDE_CAR, SIDE_CAR]) if name else system.find()
    if len(entries) > MOST_ENTRIES:
        raise SourceNotFound(f"{printable(root)} holds more than {MOST_ENTRIES:,} files")
    listing = _Listing(system, root, entries, options)
    sources = list(listing.sources(name))
    if not sources:
        raise SourceNotFound(f"{printable(root)} holds no files")
    return root, sources, listing.hidden


def _check_protocols(url: str) -> None:
    for part in url.split("::"):
        protocol = part.partition("://")[0]
        if "://" in part and protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            shown = printable(protocol[:40])
            raise UsageError(f"{shown}:// is not read: use a path, https://, or {known}")


class _Listing:
    """All entries of a place, hidden ones aside, and the side-cars among them."""

    def __init__(
        self,
        system: FileSystem,
        root: str,
        entries: Mapping[str, Mapping[str, Any]],  # backends tell different things
        options: ScanOptions,
    ) -> None:
        self._system = system
        self._root = root
        self._entries = entries
        self._options = options
        self.hidden = 0
        self._side_cars = {
            relative: _side_car(system, relative, told)
            for relative, told in entries.items()
            if relative.endswith(SIDE_CAR)
        }

    def sources(self, name: str) -> Iterator[Source]:
        """Its sources in order, or the one of that name, which then is the root itself."""
        for relative in [name] if name else sorted(self._entries):
            told = self._entries[relative]
            is_folder = told.get("type") == "directory" or relative.endswith("/")
            if is_folder or relative in self._side_cars:
                continue
            if any(part.startswith(".") for part in relative.split("/")):
                self.hidden += 1
                continue
            if self._options.selection.takes_file(relative):
                below = "" if name else f"/{quote(relative, errors='surrogateescape')}"
                yield self._describe(self._root + below, relative, told)

    def _describe(self, uri: str, relative: str, told: Mapping[str, Any]) -> Source:
        side_cars = side_cars_of(relative, self._side_cars)
        return Source(
            uri=uri,
            root=self._root,
            path=Path(relative),
            name=printable(relative),
            size=int(told.get("size") or 0),
            mtime_ns=version_number(told),
            problem=_problem(told.get("type", "file")),
            stamp=stamp_of(side_cars),
            side_cars=side_cars,
            fetch=partial(self._system.fetch, relative),
        )


def _problem(kind: str) -> SourceSkipped | None:
    if kind == "file":
        return None
    return SourceSkipped(LINK if kind == "link" else NOT_A_FILE)


def _side_car(system: FileSystem, relative: str, told: Mapping[str, Any]) -> SideCar:
    version = version_number(told)
    mark = f"{told.get('size')}:{version if version >= 0 else secrets.token_hex(8)}"
    read = lru_cache(maxsize=1)(partial(system.read, relative))
    return SideCar(relative.rpartition("/")[2], mark, read)


def version_number(about: Mapping[str, Any]) -> int:
    """A number for the version of a remote file, -1 where nothing is told of it."""
    told = {key.replace("-", "_").lower(): value for key, value in about.items()}
    said = [str(told[key]) for key in (*VERSIONS, *TIMES) if told.get(key)]
    if not said:
        return -1
    return int.from_bytes(hashlib.sha256("\0".join(said).encode()).digest()[:7])
