"""What the SOURCE arguments of a run hold: files found in a fixed order, without opening any."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

from rag.errors import SourceNotFound


@dataclass(frozen=True, slots=True)
class Source:
    """One file: where it is, what users call it, and what a look at it told.

    `problem` says why it cannot be read at all; `root` is the argument that it was found under.
    """

    uri: str
    root: str
    path: Path
    name: str
    size: int = 0
    mtime_ns: int = 0
    problem: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """All sources, sorted by URI, and the roots they were found under."""

    roots: tuple[str, ...]
    sources: tuple[Source, ...]

    def covers(self, uri: str, root: str) -> bool:
        """Whether a source recorded under `root` would have been found if it still existed."""
        folders = tuple(source.uri + "/" for source in self.sources if source.problem)
        if uri.startswith(folders):
            return False
        return root in self.roots or uri.startswith(tuple(f"{each}/" for each in self.roots))


def scan(arguments: Sequence[str]) -> Scan:
    """Look at files, folders and globs. Raises SourceNotFound for one that holds no file."""
    roots: list[str] = []
    found: dict[str, Source] = {}
    for argument in arguments:
        root, sources = _look(argument)
        if not sources:
            raise SourceNotFound(f"{printable(argument)} holds no files")
        roots.append(root)
        for source in sources:
            found.setdefault(source.uri, source)
    return Scan(tuple(roots), tuple(found[uri] for uri in sorted(found)))


def is_below(argument: str, uri: str, root: str) -> bool:
    """Whether a recorded source is what a SOURCE argument names, or lies below it."""
    given = _uri_of(argument)
    return given in (uri, root) or uri.startswith((f"{given}/", f"{given}!/"))


def _uri_of(argument: str) -> str:
    if "://" in argument:
        return argument.rstrip("/")
    path = Path(argument)
    if glob.has_magic(argument) and not path.exists():
        return _split_glob(argument)[1]
    return path.resolve().as_uri().rstrip("/")


def printable(name: str) -> str:
    """`name` with what a terminal or a log could trip over written as escapes."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in name
    )


def _look(argument: str) -> tuple[str, list[Source]]:
    if "\0" in argument:
        raise SourceNotFound(f"{printable(argument)} is not a path")
    path = Path(argument)
    try:
        if path.exists():
            return _look_at_path(path.resolve())
    except OSError as error:
        raise SourceNotFound(f"{printable(argument)}: {error.strerror}") from error
    if glob.has_magic(argument):
        return _look_at_glob(argument)
    if "://" in argument:
        raise SourceNotFound(f"{printable(argument)} is a URL; only files and folders are read")
    raise SourceNotFound(f"{printable(argument)} does not exist")


def _look_at_path(path: Path) -> tuple[str, list[Source]]:
    root = path.as_uri().rstrip("/")
    if path.is_dir():
        return root, list(_walk(path, path, root))
    return root, [_describe(path, path.parent, root)]


def _split_glob(pattern: str) -> tuple[Path, str, str]:
    """The folder before the first wildcard, the URI that stands for the glob, and the rest."""
    parts = Path(pattern).parts
    fixed = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed]).resolve()
    rest = str(Path(*parts[fixed:]))
    return base, f"{base.as_uri()}?glob={quote_from_bytes(os.fsencode(rest))}", rest


def _look_at_glob(pattern: str) -> tuple[str, list[Source]]:
    base, root, rest = _split_glob(pattern)
    matches = sorted(glob.glob(rest, root_dir=base, recursive=True), key=os.fsencode)
    paths = [base / match for match in matches]
    return root, [_describe(path, base, root) for path in paths if not _is_folder(path)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _walk(folder: Path, base: Path, root: str) -> Iterator[Source]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield _problem(folder, base, root, error.strerror or "cannot be listed")
        return
    for entry in ordered:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, base, root)
        else:
            yield _describe(path, base, root)


def _describe(path: Path, base: Path, root: str) -> Source:
    try:
        status = path.lstat()
    except OSError as error:
        return _problem(path, base, root, error.strerror or "cannot be looked at")
    if stat.S_ISLNK(status.st_mode):
        return _problem(path, base, root, "a symbolic link, not followed")
    if not stat.S_ISREG(status.st_mode):
        return _problem(path, base, root, "not a regular file")
    name = printable(path.relative_to(base).as_posix())
    return Source(path.as_uri(), root, path, name, status.st_size, status.st_mtime_ns)


def _problem(path: Path, base: Path, root: str, reason: str) -> Source:
    name = printable(path.relative_to(base).as_posix())
    return Source(path.as_uri(), root, path, name, problem=reason)
