"""What a source is: one file or page, where it is, and what a look at it told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.sources.labels import RootLabels, SideCar
from ingest.sources.selection import Selection
from rag.errors import ExtractionFailed, SourceUnreadable

LOCAL = "file://"
GLOB = "?glob="
WEB = ("https://", "http://")


class Fetch(Protocol):
    """Writes the bytes of a source that is far away to a file. Raises SourceUnreadable."""

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


def printable(name: str) -> str:
    """`name` with what a terminal or a log could trip over written as escapes."""
    if name.isprintable():
        return name
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in name
    )
