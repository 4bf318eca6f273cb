"""Archives as folders: members unpacked under limits, each of them a source of its own."""

import hashlib
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote

from ingest.formats.containers.packed import IN_ARCHIVE
from ingest.formats.containers.zip_safety import (
    ENCRYPTED,
    ENCRYPTED_FLAG,
    MOST_ENTRIES,
    refuse_overlaps,
)
from ingest.limits import DEFAULTS, Budget, Limits
from ingest.sources.labels import SIDE_CAR, SideCar, side_cars_of, stamp_of, unread
from ingest.sources.small_files import LINK, NOT_A_FILE, read_small_file
from ingest.sources.source import Source, printable
from rag.errors import ExtractionFailed, SourceSkipped

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
NESTED = (*SUFFIXES, ".7z", ".rar", ".gz", ".bz2", ".xz")
STEP_BYTES = 1 << 18  # chosen: small beside any limit, so that none is passed by much
LATEST_S = 1 << 33  # the year 2242: a later time is damage
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, ValueError, OSError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its name in it and where it was unpacked to, or why it was not."""

    name: str
    path: Path
    size: int
    mtime_ns: int
    problem: ExtractionFailed | None = None
    digest: str = ""


def is_archive(name: str) -> bool:
    """Whether a file is an archive of sources, by its name."""
    return name.lower().endswith(SUFFIXES)


def member_sources(archive: Source, members: Sequence[Member]) -> list[Source]:
    """The sources that the members of an archive are, with the side-cars among them."""
    side_cars = {each.name: _side_car(each) for each in members if each.name.endswith(SIDE_CAR)}
    return [
        _describe(archive, member, side_cars)
        for member in members
        if not member.name.endswith(SIDE_CAR)
    ]


def _describe(archive: Source, member: Member, side_cars: dict[str, SideCar]) -> Source:
    found = (*archive.side_cars, *side_cars_of(member.name, side_cars))
    return Source(
        uri=f"{archive.uri}!/{quote(member.name, errors='surrogateescape')}",
        root=archive.root,
        path=member.path,
        name=f"{archive.name}/{printable(member.name)}",
        size=member.size,
        mtime_ns=member.mtime_ns,
        problem=member.problem,
        stamp=stamp_of(found),
        side_cars=found,
    )


def _side_car(member: Member) -> SideCar:
    name = PurePosixPath(member.name).name
    if member.problem:
        return unread(name, str(member.problem), member.problem)
    return SideCar(name, member.digest, partial(read_small_file, member.path))


def unpack(archive: Path, name: str, into: Path, limits: Limits = DEFAULTS) -> list[Member]:
    """Unpack all files of an archive into the folder `into`, under numbers as names.

    Raises ExtractionFailed for an archive that is damaged, a bomb, or reaches out of itself.
    """
    open_entries = _zip_entries if name.lower().endswith(".zip") else _tar_entries
    try:
        budget = Budget(archive.stat().st_size, limits)
        return list(_unpack_all(open_entries(archive, budget), into, budget, limits))
    except DAMAGED as error:
        raise ExtractionFailed(f"damaged archive: {error}"[:200]) from error
    except (NotImplementedError, RuntimeError) as error:
        raise ExtractionFailed(f"packed by a method that is not read: {error}"[:200]) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    mtime_s: float
    problem: ExtractionFailed | None
    stream: IO[bytes] | None


def _unpack_all(
    entries: Iterator[_Entry], into: Path, budget: Budget, limits: Limits
) -> Iterator[Member]:
    names: set[str] = set()
    for count, entry in enumerate(entries, 1):
        if count > MOST_ENTRIES:
            raise ExtractionFailed(f"an archive of more than {MOST_ENTRIES:,} entries")
        if _is_hidden(entry.name):
            continue
        if len(names) >= limits.members:
            raise ExtractionFailed(f"an archive of more than {limits.members:,} files")
        name = _make_unique(_safe_name(entry.name), names)
        names.add(name)
        yield _unpack_one(entry, name, into / f"{len(names):05}", budget, limits)


def _unpack_one(entry: _Entry, name: str, target: Path, budget: Budget, limits: Limits) -> Member:
    moment = int(entry.mtime_s) * 10**9 if 0 <= entry.mtime_s < LATEST_S else 0
    problem = entry.problem
    if name.lower().endswith(NESTED):
        problem = SourceSkipped(IN_ARCHIVE)
    if problem or entry.stream is None:
        return Member(name, target, 0, moment, problem)
    size, digest = 0, hashlib.sha256()
    with entry.stream, target.open("wb") as copy:
        while piece := entry.stream.read(STEP_BYTES):
            budget.spend(len(piece))
            size += len(piece)
            if size > limits.member_bytes:
                problem = ExtractionFailed(f"larger than {limits.member_bytes / 1e6:g} MB")
                return Member(name, target, 0, moment, problem)
            digest.update(piece)
            copy.write(piece)
    return Member(name, target, size, moment, digest=digest.hexdigest()[:16])


def _safe_name(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or ".." in parts or (parts and parts[0][1:2] == ":") or "\0" in name:
        raise ExtractionFailed(f"an entry leaves the archive: {name[:80]!r}")
    if not parts:
        raise ExtractionFailed("an entry has no name")
    return "/".join(parts)


def _make_unique(name: str, names: set[str]) -> str:
    """The name, numbered where the archive holds an earlier file that has it."""
    if name in names and name.endswith(SIDE_CAR):
        raise ExtractionFailed(f"two side-cars are named {name[:80]!r}")
    path, number, unique = PurePosixPath(name), 1, name
    while unique in names:
        number += 1
        unique = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    return unique


def _zip_entries(path: Path, budget: Budget) -> Iterator[_Entry]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        refuse_overlaps(entries)
        for entry in entries:
            if entry.is_dir():
                continue
            is_encrypted = bool(entry.flag_bits & ENCRYPTED_FLAG)
            is_link = (entry.external_attr >> 28) == 0o12
            problem = ExtractionFailed(ENCRYPTED) if is_encrypted else None
            problem = SourceSkipped(LINK) if is_link else problem
            is_read = not problem and not _is_hidden(entry.filename)
            stream = archive.open(entry) if is_read else None
            yield _Entry(entry.filename, _moment(entry), problem, stream)


def _moment(entry: zipfile.ZipInfo) -> float:
    try:
        return datetime(*entry.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0


def _tar_entries(path: Path, budget: Budget) -> Iterator[_Entry]:
    with tarfile.open(path, "r:*") as archive:
        for entry in archive:
            is_read = entry.isreg() and not _is_hidden(entry.name)
            if not is_read:
                budget.spend(entry.size)
            if entry.isdir():
                continue
            problem = None if entry.isreg() else SourceSkipped(NOT_A_FILE)
            stream = archive.extractfile(entry) if is_read else None
            yield _Entry(entry.name, entry.mtime, problem, stream)
        while archive.fileobj and (piece := archive.fileobj.read(STEP_BYTES)):
            budget.spend(len(piece))  # checksums stand at the end, and are checked there


def _is_hidden(name: str) -> bool:
    parts = name.split("/")
    own = () if parts[-1] == SIDE_CAR else parts[-1:]
    return any(part.startswith(".") and part not in (".", "..") for part in (*parts[:-1], *own))
