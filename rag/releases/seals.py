"""The seal of a release: the digest of each of its files, so that damage is seen before it serves.

`seal.json` maps each file to its size and sha256. Chroma writes one row into its database whenever
it opens it, so that file is summed row by row, without the table that these rows go to; and the
files of an index that it has not flushed yet hold nothing and are written at random.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from rag.errors import ReleaseBroken

SEAL = "seal.json"
CHROMA_DATABASE = "chroma.sqlite3"
WRITTEN_AT_OPENING = "acquire_write"
THREADS = 2


def write_seal(release: Path) -> None:
    """Record the size and digest of every file of a finished release."""
    files = _files(release)
    with ThreadPoolExecutor(THREADS) as threads:
        digests = list(threads.map(_digest, files))
    seal = {
        path.relative_to(release).as_posix(): [path.stat().st_size, digest]
        for path, digest in zip(files, digests, strict=True)
    }
    (release / SEAL).write_text(json.dumps(seal, indent=1, sort_keys=True) + "\n")


def damaged_files(release: Path) -> list[str]:
    """Names of the files that are missing or not as they were sealed, each read whole.

    Raises ReleaseBroken when there is no seal to go by.
    """
    seal = _read_seal(release)
    with ThreadPoolExecutor(THREADS) as threads:
        digests = threads.map(_digest_or_nothing, (release / name for name in seal))
        return [
            name
            for (name, (_, sealed)), digest in zip(seal.items(), digests, strict=True)
            if digest != sealed
        ]


def is_whole(release: Path, names: Collection[str]) -> bool:
    """Whether these files are as they were sealed, whatever the others are like."""
    try:
        seal = _read_seal(release)
    except ReleaseBroken:
        return False
    return all(
        name in seal and _digest_or_nothing(release / name) == seal[name][1] for name in names
    )


def is_complete(release: Path) -> bool:
    """Whether every sealed file is there in its size; reads none but the seal itself."""
    try:
        seal = _read_seal(release)
        return all(_has_size(release / name, size) for name, (size, _) in seal.items())
    except (ReleaseBroken, OSError):
        return False


def check_seal(release: Path) -> None:
    """Raise ReleaseBroken, naming the file, unless every file is as it was sealed."""
    if damaged := damaged_files(release):
        raise ReleaseBroken(f"{release / damaged[0]} is damaged or missing")


def _has_size(path: Path, size: int) -> bool:
    found = path.stat().st_size
    return found >= size if path.name == CHROMA_DATABASE else found == size


def _read_seal(release: Path) -> dict[str, tuple[int, str]]:
    try:
        seal = json.loads((release / SEAL).read_text())
        return {str(name): (int(size), str(digest)) for name, (size, digest) in seal.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ReleaseBroken(f"the seal of {release} is damaged or missing") from error


def _files(release: Path) -> list[Path]:
    found = (path for path in release.rglob("*") if path.is_file() and path.name != SEAL)
    return sorted(
        path for path in found if path.suffix != ".lock" and not _is_unflushed(path.parent)
    )


def _is_unflushed(folder: Path) -> bool:
    return (folder / "header.bin").exists() and not (folder / "index_metadata.pickle").exists()


def _digest_or_nothing(path: Path) -> str:
    try:
        return _digest(path)
    except (OSError, sqlite3.DatabaseError, UnicodeDecodeError):
        return ""


def _digest(path: Path) -> str:
    if path.name == CHROMA_DATABASE:
        return _digest_rows(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_rows(path: Path) -> str:
    digest = hashlib.sha256()
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        tables = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for name, sql in tables:
            if name == WRITTEN_AT_OPENING:
                continue
            digest.update(f"{name}\0{sql}\0".encode())
            if not str(sql).upper().startswith("CREATE VIRTUAL"):
                for row in database.execute(f'SELECT * FROM "{name}"'):
                    digest.update(repr(row).encode())
    return digest.hexdigest()
