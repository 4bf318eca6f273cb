"""Files and folders of this machine: looked at, never opened, no link followed."""

import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

from ingest.labels import SIDE_CAR, Labels
from ingest.selection import Selection
from ingest.sources import ScanOptions, Source, printable
from rag.errors import SourceNotFound


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way down: its path and URI, its path from the root, what holds in it."""

    path: str
    uri: str
    relative: str
    selection: Selection
    side_cars: tuple[tuple[str, str], ...]


def look_at_path(argument: str, options: ScanOptions) -> tuple[str, list[Source]]:
    """The root that an argument stands for, and its sources. Raises SourceNotFound."""
    if "\0" in argument:
        raise SourceNotFound(f"{printable(argument)} is not a path")
    path = Path(argument)
    try:
        is_there = path.exists()
    except OSError as error:
        raise SourceNotFound(f"{printable(argument)}: {error.strerror}") from error
    if is_there:
        return _look_at_existing(path.resolve(), options)
    if glob.has_magic(argument):
        return _look_at_glob(argument, options)
    raise SourceNotFound(f"{printable(argument)} does not exist")


def _look_at_existing(path: Path, options: ScanOptions) -> tuple[str, list[Source]]:
    root = _uri(os.fspath(path))
    if path.is_dir():
        walker = _Walker(root, options.labels)
        top = _Place(os.fspath(path), root, "", options.selection, ())
        sources = list(walker.walk(top))
        if not sources:
            raise SourceNotFound(
                f"{printable(os.fspath(path))} holds no files (to take out what came from it, "
                "use `remove`)"
            )
        return root, sources
    return root, [_look_at_file(path, path.parent, root, options.labels)]


def split_glob(pattern: str) -> tuple[Path, str, str]:
    """The folder before the first wildcard, the URI that stands for the glob, and the rest."""
    parts = Path(pattern).parts
    fixed = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed]).resolve()
    rest = str(Path(*parts[fixed:]))
    return base, f"{base.as_uri()}?glob={quote_from_bytes(os.fsencode(rest))}", rest


def _look_at_glob(pattern: str, options: ScanOptions) -> tuple[str, list[Source]]:
    base, root, rest = split_glob(pattern)
    matches = sorted(glob.glob(rest, root_dir=base, recursive=True), key=os.fsencode)
    paths = [base / match for match in matches if not match.endswith(SIDE_CAR)]
    files = [path for path in paths if path.is_symlink() or not path.is_dir()]
    chosen = [path for path in files if options.selection.takes_file(_relative(path, base))]
    if not chosen:
        raise SourceNotFound(f"{printable(pattern)} holds no files")
    return root, [_look_at_file(path, base, root, options.labels) for path in chosen]


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _look_at_file(path: Path, base: Path, root: str, labels: Labels) -> Source:
    walker = _Walker(root, labels)
    own = path.with_name(path.name + SIDE_CAR)
    side_cars = ((os.fspath(own), _mark(own.stat())),) if own.is_file() else ()
    name = printable(_relative(path, base))
    try:
        status = path.lstat()
    except OSError as error:
        reason = error.strerror or "cannot be looked at"
        return Source(_uri(os.fspath(path)), root, path, name, problem=reason)
    return walker.describe(_uri(os.fspath(path)), os.fspath(path), name, (status, side_cars))


class _Walker:
    def __init__(self, root: str, labels: Labels) -> None:
        self._root = root
        self._labels = labels
        self._stamp = labels.stamp

    def walk(self, place: _Place) -> Iterator[Source]:
        """All sources of a folder and those below it, in order of their names' bytes."""
        try:
            with os.scandir(place.path) as found:
                entries = {entry.name: entry for entry in found}
        except OSError as error:
            yield self._problem(place.uri, place.path, place.relative.rstrip("/"), error)
            return
        place = self._enter(place, entries)
        for name in sorted(entries, key=os.fsencode):
            if name.startswith(".") or name.endswith(SIDE_CAR):
                continue
            yield from self._visit(place, entries, entries[name])

    def _enter(self, place: _Place, entries: dict[str, os.DirEntry[str]]) -> _Place:
        """The folder with its own ignore file and side-car taken into account."""
        path = Path(place.path)
        selection = place.selection.inside(path, place.relative)
        side_cars = place.side_cars
        if SIDE_CAR in entries:
            side_cars = (*side_cars, (entries[SIDE_CAR].path, _mark(entries[SIDE_CAR].stat())))
        return _Place(place.path, place.uri, place.relative, selection, side_cars)

    def _visit(
        self, place: _Place, entries: dict[str, os.DirEntry[str]], entry: os.DirEntry[str]
    ) -> Iterator[Source]:
        relative = place.relative + entry.name
        uri = f"{place.uri}/{quote_from_bytes(os.fsencode(entry.name))}"
        if entry.is_dir(follow_symlinks=False):
            if place.selection.takes_folder(relative):
                below = f"{relative}/"
                yield from self.walk(
                    _Place(entry.path, uri, below, place.selection, place.side_cars)
                )
            return
        if not place.selection.takes_file(relative):
            return
        side_cars = place.side_cars
        own = entries.get(entry.name + SIDE_CAR)
        try:
            if own is not None:
                side_cars = (*side_cars, (own.path, _mark(own.stat())))
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield self._problem(uri, entry.path, relative, error)
            return
        yield self.describe(uri, entry.path, printable(relative), (status, side_cars))

    def _problem(self, uri: str, path: str, relative: str, error: OSError) -> Source:
        reason = error.strerror or "cannot be looked at"
        return Source(uri, self._root, Path(path), printable(relative) or ".", problem=reason)

    def describe(
        self,
        uri: str,
        path: str,
        name: str,
        seen: tuple[os.stat_result, tuple[tuple[str, str], ...]],
    ) -> Source:
        """A source by what a look at it and at its side-cars told."""
        status, side_cars = seen
        problem = ""
        if stat.S_ISLNK(status.st_mode):
            problem = "a symbolic link, not followed"
        elif not stat.S_ISREG(status.st_mode):
            problem = "not a regular file"
        if problem:
            return Source(uri, self._root, Path(path), name, problem=problem)
        stamp = self._stamp + "".join(mark for _, mark in side_cars)
        return Source(
            uri,
            self._root,
            Path(path),
            name,
            status.st_size,
            status.st_mtime_ns,
            stamp=stamp,
            labels=self._labels,
            side_cars=tuple(Path(each) for each, _ in side_cars),
        )


def _mark(status: os.stat_result) -> str:
    return f";{status.st_size}:{status.st_mtime_ns}"


def _uri(path: str) -> str:
    return "file://" + quote_from_bytes(os.fsencode(path)).rstrip("/")
