"""Which copies of documents are kept outside the ledger: in releases, and as original bytes."""

import sqlite3
from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from itertools import islice

import numpy as np

from ingest.corpus.blobs import BlobStore
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.ledger import Ledger
from ingest.releases.needles import PIECES, sample_text


def documents_of(folder: CorpusFolder, number: int) -> dict[str, str] | None:
    """The version of each document of a release by id, None where that cannot be read."""
    try:
        with open_documents(folder, number) as database:
            return dict(database.execute("SELECT id, version FROM documents"))
    except sqlite3.Error:
        return None


def may_hold(folder: CorpusFolder, number: int, documents: Set[str]) -> bool:
    """Whether a release has one of these documents, or was made from one that may have had it.

    A release that was made as a changed copy can hold bytes of what it no longer lists.
    """
    manifest = folder.manifest(number)
    if manifest is None or manifest.based_on is not None:
        return True
    listed = documents_of(folder, number)
    return listed is None or not documents.isdisjoint(listed)


def contents_of(folder: CorpusFolder, number: int) -> Iterator[bytes]:
    """The texts of a release's documents, and the vectors of its chunks."""
    vectors = np.load(folder.release(number) / "vectors.npy", mmap_mode="r")
    with open_documents(folder, number) as database:
        for (text,) in database.execute("SELECT text FROM documents"):
            yield text.encode()
        for (row,) in database.execute("SELECT row FROM chunks"):
            yield vectors[row].tobytes()


def pieces_of(folder: CorpusFolder, number: int, documents: Set[str]) -> Iterator[bytes]:
    """Pieces of the texts and vectors that a release has of some documents."""
    try:
        vectors = np.load(folder.release(number) / "vectors.npy", mmap_mode="r")
        with open_documents(folder, number) as database:
            for id_ in documents:
                for (text,) in database.execute("SELECT text FROM documents WHERE id = ?", (id_,)):
                    yield from sample_text(text)
                rows = database.execute("SELECT row FROM chunks WHERE document_id = ?", (id_,))
                yield from (vectors[row].tobytes() for (row,) in islice(rows, PIECES))
    except (OSError, ValueError, IndexError, sqlite3.Error):
        return  # a release that cannot be read is removed, as one that may hold anything


def drop_unused(folder: CorpusFolder, ledger: Ledger) -> None:
    """Remove original bytes that nothing refers to, and versions of which no copy is left."""
    remove_originals(folder, ledger)
    prune_history(folder, ledger)


def remove_originals(folder: CorpusFolder, ledger: Ledger) -> int:
    """Remove original bytes that neither the ledger nor a release refers to; returns how many.

    None goes while a release cannot be read, since that may refer to any of them.
    """
    listed = _listed(folder)
    if listed is None:
        return 0
    blobs = BlobStore(folder.blobs)
    blobs.remove_partial()
    used = _current(ledger) | {version for _, version in listed}
    unused = [sha256 for sha256 in blobs.stored() if sha256 not in used]
    for sha256 in unused:
        blobs.discard(sha256)
    return len(unused)


def prune_history(folder: CorpusFolder, ledger: Ledger) -> None:
    """Have the history forget versions that neither the ledger nor a release holds."""
    listed = _listed(folder)
    if listed is None:
        return
    current = _current(ledger)
    gone = [
        version
        for version in ledger.history.versions()
        if version.sha256 not in current and (version.document_id, version.sha256) not in listed
    ]
    with ledger.transaction():
        ledger.history.drop_versions(gone)


def _current(ledger: Ledger) -> set[str]:
    return set(ledger.versions().values())


def _listed(folder: CorpusFolder) -> set[tuple[str, str]] | None:
    """Document and version of all that releases hold, None where one of them cannot be read."""
    releases = [documents_of(folder, number) for number in folder.numbers()]
    if None in releases:
        return None
    return {pair for release in releases for pair in (release or {}).items()}


@contextmanager
def open_documents(folder: CorpusFolder, number: int) -> Iterator[sqlite3.Connection]:
    """The `documents.db` of a release, which is only read."""
    path = (folder.release(number) / "documents.db").resolve()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        yield database
