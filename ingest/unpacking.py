"""Archives as folders: members unpacked under limits, each of them a source of its own."""

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote

from ingest.archives import ENCRYPTED, ENCRYPTED_FLAG, refuse_overlaps
from ingest.sources import Source, printable
from rag.errors import ExtractionFailed

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
NESTED = (*SUFFIXES, ".7z", ".rar", ".gz", ".bz2", ".xz")
MOST_MEMBERS = 2000
MOST_UNPACKED_BYTES = 200_000_000
MOST_RATIO = 100
RATIO_MATTERS_ABOVE_BYTES = 1_000_000
STEP_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its name in it and where it was unpacked to, or why it was not."""

    name: str
    path: Path
    size: int
    mtime_ns: int
    problem: str = ""


def is_archive(name: str) -> bool:
    """Whether a file is an archive of sources, by its name."""
    return name.lower().endswith(SUFFIXES)


def member_source(archive: Source, member: Member) -> Source:
    """The source that a member of an archive is."""
    return Source(
        uri=f"{archive.uri}!/{quote(member.name)}",
        root=archive.root,
        path=member.path,
        name=f"{archive.name}/{printable(member.name)}",
        size=member.size,
        mtime_ns=member.mtime_ns,
        problem=member.problem,
        stamp=archive.stamp,
        labels=archive.labels,
        side_cars=archive.side_cars,
    )


def unpack(archive: Path, name: str, into: Path) -> list[Member]:
    """Unpack all files of an archive into the folder `into`, under numbers as names.

    Raises ExtractionFailed for an archive that is damaged, a bomb, or reaches out of itself.
    """
    open_members = _zip_members if name.lower().endswith(".zip") else _tar_members
    members: list[Member] = []
    budget = _Budget(archive.stat().st_size)
    try:
        for entry in open_members(archive):
            if len(members) >= MOST_MEMBERS:
                raise ExtractionFailed(f"an archive of more than {MOST_MEMBERS:,} files")
            target = into / f"{len(members):05}"
            members.append(_unpack_one(entry, target, budget))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise ExtractionFailed(f"damaged archive: {error}"[:200]) from error
    except (NotImplementedError, RuntimeError) as error:
        raise ExtractionFailed(f"packed by a method that is not read: {error}"[:200]) from error
    return members


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    mtime_ns: int
    problem: str
    stream: IO[bytes] | None


class _Budget:
    """Counts what is unpacked, since headers are not believed."""

    def __init__(self, packed: int) -> None:
        self._packed = max(1, packed)
        self._unpacked = 0

    def spend(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > MOST_UNPACKED_BYTES:
            raise ExtractionFailed(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes")
        is_large = self._unpacked > RATIO_MATTERS_ABOVE_BYTES
        if is_large and self._unpacked > MOST_RATIO * self._packed:
            raise ExtractionFailed(f"unpacks to more than {MOST_RATIO} times its size")


def _unpack_one(entry: _Entry, target: Path, budget: _Budget) -> Member:
    name = _safe_name(entry.name)
    problem = entry.problem
    if name.lower().endswith(NESTED):
        problem = "an archive inside an archive"
    if problem or entry.stream is None:
        return Member(name, target, 0, entry.mtime_ns, problem)
    size = 0
    with entry.stream, target.open("wb") as copy:
        while piece := entry.stream.read(STEP_BYTES):
            budget.spend(len(piece))
            size += len(piece)
            copy.write(piece)
    return Member(name, target, size, entry.mtime_ns)


def _safe_name(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or ".." in parts or (parts and parts[0][1:2] == ":") or "\0" in name:
        raise ExtractionFailed(f"an entry leaves the archive: {name[:80]!r}")
    return "/".join(parts)


def _zip_members(path: Path) -> Iterator[_Entry]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        refuse_overlaps(entries)
        for entry in entries:
            if entry.is_dir() or _is_hidden(entry.filename):
                continue
            moment = datetime(*entry.date_time, tzinfo=UTC) if entry.date_time[1] else None
            mtime_ns = int(moment.timestamp()) * 10**9 if moment else 0
            is_encrypted = bool(entry.flag_bits & ENCRYPTED_FLAG)
            is_link = (entry.external_attr >> 28) == 0o12
            problem = ENCRYPTED if is_encrypted else "a symbolic link" if is_link else ""
            stream = None if problem else archive.open(entry)
            yield _Entry(entry.filename, mtime_ns, problem, stream)


def _tar_members(path: Path) -> Iterator[_Entry]:
    with tarfile.open(path, "r:*") as archive:
        for entry in archive:
            if entry.isdir() or _is_hidden(entry.name):
                continue
            stream = archive.extractfile(entry) if entry.isreg() else None
            problem = "" if stream else "not a regular file"
            yield _Entry(entry.name, int(entry.mtime) * 10**9, problem, stream)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))
