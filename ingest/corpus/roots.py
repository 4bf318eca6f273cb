"""The roots of a corpus: which of them lie in which, and what was said of each and still holds."""

from collections.abc import Mapping

from ingest.corpus.history import History
from ingest.sources.labels import Labels, RootLabels
from ingest.sources.scanning import GLOB, WEB, Scan


def folder_of(root: str) -> str:
    """The URI below which the sources of a root lie."""
    return root.partition(GLOB)[0]


def encloses(root: str, uri: str) -> bool:
    """Whether a root is this place or a folder around it; no page of the web is one."""
    if root == uri:
        return True
    is_folder = not root.startswith(WEB) and GLOB not in root
    return is_folder and uri.startswith((f"{root}/", f"{root}!/"))


class KnownRoots:
    """What holds of each source by the root that it was found under and the known ones around it.

    Nearer to the source is stronger, and what is said now holds for all that lies below: it takes
    the place of what was said of roots inside.
    """

    def __init__(self, said: Mapping[str, RootLabels]) -> None:
        self._said = dict(said)
        self._inside: dict[str, list[str]] = {}
        self._found: dict[tuple[str, ...], Labels] = {}

    def say(self, root: str, labels: RootLabels) -> set[str]:
        """Take in what is said of a root now; the roots of which something else is known now."""
        changed = {root}
        self._said[root] = labels.over(self._said.get(root, RootLabels()))
        for other, said in self._said.items():
            kept = said.beside(labels)
            if other != root and _is_inside(folder_of(other), root) and kept != said:
                self._said[other] = kept
                changed.add(other)
        self._inside.clear()
        self._found.clear()
        return changed

    def outermost(self, root: str) -> str:
        """The known folder around a root that holds all others around it, or else its own."""
        folder = folder_of(root)
        around = [each for each in self._said if encloses(each, folder)]
        return min(around, key=len, default=folder)

    def said_of(self, root: str) -> RootLabels:
        """What is known of a root itself."""
        return self._said.get(root, RootLabels())

    def labels(self, uri: str, root: str) -> Labels:
        """What holds of a source that was found under `root`, its side-cars aside."""
        inside = self._inside.get(root)
        if inside is None:
            inside = self._inside[root] = [
                each
                for each in self._said
                if each != root and GLOB not in each and not encloses(each, folder_of(root))
                if root.startswith(WEB) or _is_inside(each, root)
            ]
        nearer = [each for each in inside if encloses(each, uri)] if inside else []
        chain = (root, *sorted(nearer, key=len))
        if chain not in self._found:
            self._found[chain] = self._merge(chain)
        return self._found[chain]

    def _merge(self, chain: tuple[str, ...]) -> Labels:
        root = chain[0]
        around = [each for each in self._said if each != root and encloses(each, folder_of(root))]
        merged = RootLabels()
        for each in (*sorted(around, key=len), *chain):
            merged = self.said_of(each).over(merged)
        return merged.labels()


def _is_inside(uri: str, root: str) -> bool:
    folder = folder_of(root)
    return uri == folder or encloses(folder, uri)


def take_in(history: History, scan: Scan) -> KnownRoots:
    """The known roots, those of a scan with what was said of them now; inside a transaction."""
    known = KnownRoots({root.uri: RootLabels.from_json(root.labels) for root in history.roots()})
    changed = {other for root in scan.roots for other in known.say(root, scan.labels)}
    for root in sorted(changed):
        history.put_root(root, known.said_of(root).to_json())
    return known
