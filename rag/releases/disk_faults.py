"""What a disk that is full or read-only has refused, told apart from damage."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import StorageError

FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY_ERRORS = {errno.EROFS, errno.EACCES, errno.EPERM}
FULL_TEXTS = ("is full", "no space left", "quota exceeded", "file too large")
READ_ONLY_TEXTS = ("readonly", "read-only", "permission denied", "not permitted")
PRIMARY_CODE = 0xFF  # SQLite's extended codes carry more in their higher bits
UNCLEAR_CODES = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
LEAST_FREE_BYTES = 1_000_000  # chosen: with less, an error that names no cause is a full disk


def tell_refusal(error: BaseException, path: Path, corpus: str = "NAME") -> str:
    """That the disk of `path` is full or read-only, and what helps; empty if it is neither."""
    if _is_full(error, path):
        return (
            f"the disk of {path} is full: make room, "
            f"e.g. by `python -m ingest gc --corpus {corpus}`"
        )
    if _is_read_only(error, path):
        if path.exists() and not os.access(path, os.R_OK):
            return f"{path} cannot be read: this user has no right to"
        return f"{path} cannot be written: it, its folder or its disk is read-only for this user"
    return ""


@contextmanager
def told_as_refusal(errors: tuple[type[Exception], ...], folder: Path, what: str) -> Iterator[None]:
    """Raise those `errors` of an engine as StorageError, which says `what` failed and why."""
    try:
        yield
    except errors as error:
        raise StorageError(f"{what}: {tell_refusal(error, folder) or error}") from error


def _is_full(error: BaseException, path: Path) -> bool:
    if isinstance(error, OSError) and error.errno in FULL_ERRORS:
        return True
    if _code(error) == sqlite3.SQLITE_FULL or _says(error, FULL_TEXTS):
        return True
    return _is_unclear(error) and _free_bytes(path) < LEAST_FREE_BYTES


def _is_read_only(error: BaseException, path: Path) -> bool:
    if isinstance(error, OSError) and error.errno in READ_ONLY_ERRORS:
        return True
    if _code(error) == sqlite3.SQLITE_READONLY or _says(error, READ_ONLY_TEXTS):
        return True
    return _is_unclear(error) and path.exists() and not _is_writable(path)


def _says(error: BaseException, texts: tuple[str, ...]) -> bool:
    said = str(error).lower()
    return any(text in said for text in texts)


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE


def _is_unclear(error: BaseException) -> bool:
    """Whether SQLite says only that reading, writing or opening failed."""
    return _code(error) in UNCLEAR_CODES


def _free_bytes(path: Path) -> int:
    existing = next(each for each in (path, *path.absolute().parents) if each.exists())
    return shutil.disk_usage(existing).free


def _is_writable(path: Path) -> bool:
    """Whether a database at `path` could be written, with the files it needs beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
