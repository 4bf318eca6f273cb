"""What users call a source: its path below its root, and where two share that, some of the root.

A name depends on the set of sources and roots alone, not on the order in which they came.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import unquote

from ingest.corpus.history import Place
from ingest.corpus.ledger import Ledger
from ingest.corpus.roots import encloses, folder_of
from ingest.sources.source import GLOB, WEB, printable
from rag.errors import SourceNotFound

MOST_NAMED = 5  # chosen: fits one line of an error


def name_apart(sources: Iterable[Place], roots: Collection[str]) -> dict[str, str]:
    """A name for each source by its URI, no two of them the same.

    A source that lies in several roots is named below the outermost. Where two have one name, the
    last folders of their roots come before it, as many as tell them apart; at last it is the URI.
    """
    places = _Places(roots)
    found = {each.uri: places.look(each) for each in sources}
    names = {uri: path for uri, (_, path) in found.items()}
    depths: dict[str, int] = {}
    while clashing := _clashing(names):
        for uri in clashing:
            folder, path = found[uri]
            depth = depths[uri] = depths.get(uri, 0) + 1
            segments = _segments(folder)
            is_told = depth <= len(segments)
            names[uri] = "/".join((*segments[-depth:], path)) if is_told else uri
        if all(names[uri] == uri for uri in clashing):
            break
    return names


def _clashing(names: Mapping[str, str]) -> list[str]:
    counts = Counter(names.values())
    if len(counts) == len(names):
        return []
    return [uri for uri, name in names.items() if counts[name] > 1]


class _Places:
    """The folder that names count from, by root; folders that are roots enclose others."""

    def __init__(self, roots: Collection[str]) -> None:
        self._roots = sorted((r for r in roots if GLOB not in r and not r.startswith(WEB)), key=len)
        self._known: dict[str, tuple[str, str]] = {}

    def look(self, source: Place) -> tuple[str, str]:
        """The folder that a source is named below, and its path from there."""
        root = source.root
        if root.startswith(WEB):
            return "", source.name
        is_file = source.uri == root or source.uri.startswith(f"{root}!/")
        folder = root.rpartition("/")[0] if is_file else folder_of(root)
        if folder not in self._known:
            outer = next((each for each in self._roots if encloses(each, folder)), folder)
            between = printable(unquote(folder[len(outer) + 1 :], errors="surrogateescape"))
            self._known[folder] = (outer, f"{between}/" if between else "")
        outer, between = self._known[folder]
        return outer, between + source.name


def _segments(folder: str) -> list[str]:
    _, _, path = folder.rpartition("://")
    return [printable(unquote(part, errors="surrogateescape")) for part in path.split("/") if part]


def current_names(ledger: Ledger) -> dict[str, str]:
    """What users call each source that the ledger has, by its URI."""
    roots = [root.uri for root in ledger.history.roots()]
    return name_apart(ledger.places(), roots)


def name_documents(ledger: Ledger) -> dict[str, str]:
    """Have each document called what users call its source now; all names by URI.

    Only documents whose name has changed are touched.
    """
    names = current_names(ledger)
    renamed = {uri: names[uri] for uri, name in ledger.names().items() if names[uri] != name}
    if renamed:
        with ledger.transaction():
            for uri, name in renamed.items():
                ledger.rename(uri, name)
    return names


def source_not_found(corpus: str, argument: str, names: Iterable[str]) -> SourceNotFound:
    """The error for a source that a corpus does not know, with those that may be meant."""
    ending = sorted({each for each in names if each.endswith(f"/{argument}")})
    meant = ", ".join(ending[:MOST_NAMED])
    advice = f": give its path or URI (`status --json`); {meant} may be meant" if meant else ""
    return SourceNotFound(f"corpus {corpus!r} knows no source {argument!r}{advice}")
