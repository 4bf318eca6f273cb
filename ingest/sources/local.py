"""Files and folders of this machine: looked at, never opened, no link followed."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ingest.sources.labels import SIDE_CAR, SideCar, stamp_of, unread
from ingest.sources.selection import IGNORE_FILE, Selection
from ingest.sources.small_files import LINK, NOT_A_FILE, read_small_file
from ingest.sources.source import GLOB, LOCAL, ScanOptions, Source, printable
from rag.errors import ExtractionFailed, SourceNotFound, SourceSkipped, SourceUnreadable


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way down: its path, its path from the root, what holds in it."""

    path: str
    relative: str
    selection: Selection
    side_cars: tuple[SideCar, ...]


def look_at_path(argument: str, options: ScanOptions) -> tuple[str, list[Source], int]:
    """The root of an argument, its sources, and how many files and folders are hidden.

    Raises SourceNotFound.
    """
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


def _look_at_existing(path: Path, options: ScanOptions) -> tuple[str, list[Source], int]:
    root = _uri(os.fspath(path))
    if path.is_dir():
        walker = _Walker(root)
        sources = list(walker.walk(_Place(os.fspath(path), "", options.selection, ())))
        if not sources:
            raise SourceNotFound(
                f"{printable(os.fspath(path))} holds no files (to take out what came from it, "
                "use `remove`)"
            )
        return root, sources, walker.hidden
    return root, [_look_below(path.parent, path, root)], 0


def split_glob(pattern: str) -> tuple[Path, str, str]:
    """The folder before the first wildcard, the URI that stands for the glob, and the rest."""
    parts = Path(pattern).parts
    fixed = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed]).resolve()
    rest = str(Path(*parts[fixed:]))
    return base, f"{base.as_uri()}{GLOB}{quote_from_bytes(os.fsencode(rest))}", rest


def _look_at_glob(pattern: str, options: ScanOptions) -> tuple[str, list[Source], int]:
    base, root, rest = split_glob(pattern)
    matches = sorted(glob.glob(rest, root_dir=base, recursive=True), key=os.fsencode)
    paths = [base / match for match in matches if not match.endswith(SIDE_CAR)]
    files = [path for path in paths if path.is_symlink() or not path.is_dir()]
    chosen = [path for path in files if options.selection.takes_file(_relative(path, base))]
    if not chosen:
        raise SourceNotFound(f"{printable(pattern)} holds no files")
    return root, [_look_below(base, path, root) for path in chosen], 0


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _look_below(base: Path, path: Path, root: str) -> Source:
    """A file given by name or found by a glob, with the side-cars of the folders from `base`."""
    relative = _relative(path, base)
    above = [base / folder / SIDE_CAR for folder in reversed(Path(relative).parents)]
    places = (*above, Path(f"{path}{SIDE_CAR}"))
    there = [os.fspath(place) for place in places if os.path.lexists(place)]
    return _look_at_file(root, os.fspath(path), relative, side_cars=there)


def _look_at_file(
    root: str,
    path: str,
    relative: str,
    *,
    inherited: tuple[SideCar, ...] = (),
    side_cars: Iterable[str] = (),
) -> Source:
    """A file by what a look at it told, with the side-cars it inherits and those at some paths."""
    try:
        found = (*inherited, *map(_side_car, side_cars))
        status = os.lstat(path)
    except OSError as error:
        return _unreadable(root, path, relative, error)
    uri, name = _uri(path), printable(relative)
    if not stat.S_ISREG(status.st_mode):
        problem = SourceSkipped(LINK if stat.S_ISLNK(status.st_mode) else NOT_A_FILE)
        return Source(uri, root, Path(path), name, problem=problem)
    at = (uri, root, Path(path), name, status.st_size, status.st_mtime_ns)
    return Source(*at, stamp=stamp_of(found), side_cars=found)


def _unreadable(root: str, path: str, relative: str, error: OSError) -> Source:
    """A source that could not even be looked at, or a folder that could not be listed."""
    problem = SourceUnreadable(error.strerror or "cannot be looked at")
    return Source(_uri(path), root, Path(path), printable(relative) or ".", problem=problem)


def side_cars_above(root: str, outer: str) -> tuple[SideCar, ...]:
    """The side-cars of the folders from `outer` on in which the folder of a root lies, by URIs."""
    place = _path_of(root)
    folder = place if place.is_dir() else place.parent
    start = _path_of(outer)
    above = [each for each in reversed(folder.parents) if each.is_relative_to(start)]
    found = []
    for each in above:
        try:
            found.append(_side_car(os.fspath(each / SIDE_CAR)))
        except FileNotFoundError:
            continue
        except OSError as error:
            problem = ExtractionFailed(error.strerror or "cannot be looked at")
            found.append(unread(SIDE_CAR, "unseen", problem))
    return tuple(found)


def _path_of(uri: str) -> Path:
    path = uri.removeprefix(LOCAL).partition(GLOB)[0]
    return Path(os.fsdecode(unquote_to_bytes(path)) or "/")


class _Walker:
    def __init__(self, root: str) -> None:
        self._root = root
        self.hidden = 0

    def walk(self, top: _Place) -> Iterator[Source]:
        """All sources of a folder and those below it, however deep, in order of their names."""
        pending = [self._look_into(top)]
        while pending:
            for found in pending[-1]:
                if isinstance(found, _Place):
                    pending.append(self._look_into(found))
                    break
                yield found
            else:
                pending.pop()

    def _look_into(self, place: _Place) -> Iterator[Source | _Place]:
        try:
            with os.scandir(place.path) as found:
                entries = {entry.name: entry for entry in found}
            place = self._enter(place, entries)
        except OSError as error:
            yield _unreadable(self._root, place.path, place.relative.rstrip("/"), error)
            return
        for name in sorted(entries, key=os.fsencode):
            if name.endswith(SIDE_CAR) or name == IGNORE_FILE:
                continue
            if name.startswith("."):
                self.hidden += 1
                continue
            if found_here := self._look_at(place, entries, entries[name]):
                yield found_here

    def _enter(self, place: _Place, entries: dict[str, os.DirEntry[str]]) -> _Place:
        """The folder with its own ignore file and side-car taken into account."""
        selection, side_cars = place.selection, place.side_cars
        if IGNORE_FILE in entries:
            selection = selection.inside(Path(place.path), place.relative)
        if own := entries.get(SIDE_CAR):
            side_cars = (*side_cars, _side_car(own.path))
        return _Place(place.path, place.relative, selection, side_cars)

    def _look_at(
        self, place: _Place, entries: dict[str, os.DirEntry[str]], entry: os.DirEntry[str]
    ) -> Source | _Place | None:
        relative = place.relative + entry.name
        if entry.is_dir(follow_symlinks=False):
            if not place.selection.takes_folder(relative):
                return None
            return _Place(entry.path, f"{relative}/", place.selection, place.side_cars)
        if not place.selection.takes_file(relative):
            return None
        own = [entry.path + SIDE_CAR] if entry.name + SIDE_CAR in entries else []
        return _look_at_file(
            self._root, entry.path, relative, inherited=place.side_cars, side_cars=own
        )


def _side_car(path: str) -> SideCar:
    status = os.lstat(path)
    mark = f"{status.st_size}:{status.st_mtime_ns}"
    return SideCar(os.path.basename(path), mark, partial(read_small_file, Path(path)))


def _uri(path: str) -> str:
    return "file://" + quote_from_bytes(os.fsencode(path)).rstrip("/")
