"""What the SOURCE arguments of a run hold: sources found in a fixed order, none of them opened."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote_to_bytes

from ingest.adapters.urls import without_credentials
from ingest.sources.labels import RootLabels, SideCar
from ingest.sources.selection import Selection
from rag.errors import ExtractionFailed, SourceUnreadable, UsageError

LOCAL = "file://"
GLOB = "?glob="
WEB = ("https://", "http://")
LINK = "a symbolic link, not followed"
NOT_A_FILE = "not a regular file"


class Fetch(Protocol):
    """Writes the bytes of a source that is far away to a file. Raises ExtractionFailed."""

    def __call__(self, target: Path, *, most_bytes: int) -> None:
        """Write at most so many bytes."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file or page: where it is, what users call it, and what a look at it told.

    `problem` says why it cannot be read, or is not; `root` is the argument that it was found under.
    `mtime_ns` is its time, or for what is far away a number that stands for its version, negative
    where nothing tells one version from another. `stamp` stands for its side-cars.
    `fetch` gets its bytes, where they are not at `path`.
    """

    uri: str
    root: str
    path: Path
    name: str
    size: int = 0
    mtime_ns: int = 0
    problem: ExtractionFailed | None = None
    stamp: str = ""
    side_cars: tuple[SideCar, ...] = ()
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """Which files are sources, what is said of all of them, and whether the web may be read."""

    selection: Selection = field(default_factory=Selection)
    labels: RootLabels = field(default_factory=RootLabels)
    allow_web: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """All sources, sorted by URI, and the roots they were found under.

    `labels` is what was said of these roots now, `hidden` counts what was passed over.
    """

    roots: tuple[str, ...]
    sources: tuple[Source, ...]
    labels: RootLabels = field(default_factory=RootLabels)
    hidden: int = 0
    _unseen: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _folders: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the folders that were looked into, and those that could not be."""
        unreadable = [s.uri for s in self.sources if isinstance(s.problem, SourceUnreadable)]
        unseen = tuple(f"{uri}{mark}" for uri in unreadable for mark in ("/", "!/"))
        folders = tuple(f"{root}/" for root in self.roots if not root.startswith(WEB))
        object.__setattr__(self, "_unseen", unseen)
        object.__setattr__(self, "_folders", folders)

    def is_unseen(self, uri: str) -> bool:
        """Whether a source lies below what is there and could not be looked into."""
        return uri.startswith(self._unseen)

    def covers(self, uri: str, root: str) -> bool:
        """Whether a source recorded under `root` would have been found if it still existed.

        What lies below a page of the web was not looked for.
        """
        if self.is_unseen(uri):
            return False
        return root in self.roots or uri.startswith(self._folders)


def scan(arguments: Sequence[str], options: ScanOptions | None = None) -> Scan:
    """Look at files, folders, globs and URLs.

    Raises SourceNotFound for one that does not exist or holds no file, UsageError for one that
    cannot be read at all or not without leave.
    """
    chosen = options or ScanOptions()
    roots: list[str] = []
    found: dict[str, Source] = {}
    hidden = 0
    for argument in arguments:
        root, sources, passed_over = _look(argument, chosen)
        hidden += passed_over
        roots.append(root)
        for source in sources:
            found.setdefault(source.uri, source)
    sources_found = tuple(found[uri] for uri in sorted(found))
    return Scan(tuple(roots), sources_found, chosen.labels, hidden)


def _look(argument: str, options: ScanOptions) -> tuple[str, list[Source], int]:
    if argument.startswith(WEB):
        from ingest.sources.web import look_at_page

        if not options.allow_web:
            shown = printable(without_credentials(argument))
            raise UsageError(f"{shown} is on the web, which is read with --allow-web alone")
        return (*look_at_page(argument, options), 0)
    if "://" in argument and not argument.startswith(LOCAL):
        from ingest.sources.remote import look_at_url

        return look_at_url(argument, options)
    from ingest.sources.local import look_at_path

    return look_at_path(_local_path(argument), options)


def _local_path(argument: str) -> str:
    """The path that an argument or a file:// URL names, so that no link of it is followed."""
    if not argument.startswith(LOCAL):
        return argument
    host, slash, path = argument.removeprefix(LOCAL).partition("/")
    if host not in ("", "localhost"):
        raise UsageError(f"{printable(argument)} names another machine: mount it, or use sftp://")
    return os.fsdecode(unquote_to_bytes(slash + path))


def is_below(argument: str, uri: str, root: str) -> bool:
    """Whether a recorded source is what a SOURCE argument names, or lies below it."""
    given = uri_of(argument)
    return given in (uri, root) or uri.startswith((f"{given}/", f"{given}!/"))


def uri_of(argument: str) -> str:
    from ingest.sources.local import split_glob

    if "://" in argument:
        return without_credentials(argument).rstrip("/")
    path = Path(argument)
    if glob.has_magic(argument) and not path.exists():
        return split_glob(argument)[1]
    return path.resolve().as_uri().rstrip("/")


def printable(name: str) -> str:
    """`name` with what a terminal or a log could trip over written as escapes."""
    if name.isprintable():
        return name
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in name
    )
