"""Sources on other file systems, by fsspec URL: object stores, repositories, archives."""

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ingest.adapters.filesystems import FileSystem, open_file_system
from ingest.labels import SIDE_CAR
from ingest.sources import ScanOptions, Source, printable
from rag.errors import SourceNotFound, UsageError

PROTOCOLS = (
    *("abfs", "file", "ftp", "gcs", "gs", "github", "hdfs", "memory", "s3", "sftp", "smb", "tar"),
    "zip",
)
CREDENTIALS = re.compile(r"//[^/@:]*(:[^/@]*)?@")
VERSIONS = ("etag", "generation", "sha", "crc", "checksum", "md5", "version_id")
TIMES = ("mtime", "lastmodified", "last_modified", "updated", "modified", "created", "date_time")
MOST_ENTRIES = 1_000_000


def look_at_url(url: str, options: ScanOptions) -> tuple[str, list[Source]]:
    """The root that an fsspec URL stands for, and its sources.

    Raises UsageError for a protocol that is not read, SourceNotFound for what cannot be listed.
    """
    _check_protocols(url)
    root = CREDENTIALS.sub("//", url).rstrip("/")
    system = open_file_system(url)
    entries = system.files()
    if len(entries) > MOST_ENTRIES:
        raise SourceNotFound(f"{printable(root)} holds more than {MOST_ENTRIES:,} files")
    sources = [
        _describe(system, root, relative, about, options)
        for relative, about in sorted(entries.items())
        if not relative.endswith(SIDE_CAR) and options.selection.takes_file(relative)
    ]
    if not sources:
        raise SourceNotFound(f"{printable(root)} holds no files")
    return root, sources


def _check_protocols(url: str) -> None:
    for part in url.split("::"):
        protocol = part.partition("://")[0]
        if "://" in part and protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            raise UsageError(f"{protocol[:40]}:// is not read: use a path, https://, or {known}")


def _describe(
    system: FileSystem, root: str, relative: str, about: Mapping[str, Any], options: ScanOptions
) -> Source:
    is_root = not relative
    name = relative or root.rpartition("/")[2]
    return Source(
        uri=root if is_root else f"{root}/{quote(relative)}",
        root=root,
        path=Path(name),
        name=printable(name),
        size=int(about.get("size") or 0),
        mtime_ns=version_number(about),
        stamp=options.labels.stamp,
        labels=options.labels,
        fetch=partial(system.fetch, relative),
    )


def version_number(about: Mapping[str, Any]) -> int:
    """A number for the version of a remote file, -1 where nothing is told of it."""
    told = {key.replace("-", "_").lower(): value for key, value in about.items()}
    said = [str(told[key]) for key in (*VERSIONS, *TIMES) if told.get(key)]
    if not said:
        return -1
    return int.from_bytes(hashlib.sha256("\0".join(said).encode()).digest()[:7])
