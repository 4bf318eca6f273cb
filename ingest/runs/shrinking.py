"""A guard against losing much of a corpus at once, by a folder that is gone or emptied."""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from ingest.corpus.folder import CorpusFolder
from ingest.corpus.ledger import Ledger
from ingest.releases.copies import documents_of

MOST_GONE = 1 / 3  # chosen: more at once is a folder not mounted rather than work done
NAMED = 5  # chosen: enough to recognise what is gone


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A root of whose `documents` in the live release so many would be `gone`; names of some."""

    root: str
    gone: int
    documents: int
    named: tuple[str, ...]


def find_shrunk(
    folder: CorpusFolder, ledger: Ledger, *, taken_out: Set[str] = frozenset()
) -> tuple[Shrunk, ...]:
    """Roots that would lose more than a third of what the live release has of them.

    So does each root when nothing at all would be left. A document of which the same bytes stand
    at a new place was moved and is not gone; one in `taken_out`, or of a root that was taken out,
    is not missed.
    """
    serving = folder.serving()
    live = documents_of(folder, serving) if serving is not None else None
    if not live:
        return ()
    there = ledger.versions()
    missing = live.keys() - there.keys()
    if not missing:
        return ()
    moved = Counter(version for id_, version in there.items() if id_ not in live)
    roots = {root.uri for root in ledger.history.roots()}
    places = ledger.history.places()
    documents = Counter(places[id_].root for id_ in live if id_ in places)
    gone: dict[str, list[str]] = {}
    for id_ in sorted(missing):
        place = places.get(id_)
        if place is None or place.root not in roots or place.uri in taken_out:
            continue
        if moved[live[id_]]:
            moved[live[id_]] -= 1
        else:
            gone.setdefault(place.root, []).append(place.name)
    return tuple(
        Shrunk(root, len(names), documents[root], tuple(sorted(names)[:NAMED]))
        for root, names in sorted(gone.items())
        if (len(names) > 1 and len(names) > MOST_GONE * documents[root]) or not there
    )
