"""`forget`: erase sources so that nothing of them is left in the corpus folder, and prove it."""

import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.blobs import BlobStore, hash_file
from ingest.clock import now_utc
from ingest.embedding import LazyEmbedder
from ingest.ledger import Ledger, SourceRow, hash_uri, open_ledger
from ingest.pipeline import writing
from ingest.publishing import CorpusFolder
from ingest.releasing import release
from ingest.sources import Scan, is_below
from ingest.workshop import Workshop
from rag.domain import metadata_from_json
from rag.errors import SourceNotFound

SUBJECT = "subject"
NEEDLES_PER_DOCUMENT = 8
NEEDLE_BYTES = 48
LEAST_NEEDLE_BYTES = 24


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased, in hashes from which nothing of it can be read.

    `residue` names files in which a byte scan still found some of it: it is empty, or the erasure
    has failed.
    """

    corpus: str
    erased: str
    sources: tuple[str, ...]
    versions: tuple[str, ...]
    documents: tuple[str, ...]
    embeddings: int
    releases_removed: tuple[int, ...]
    release: int | None
    scanned_files: int
    scanned_bytes: int
    residue: tuple[str, ...]


def forget(
    folder: CorpusFolder,
    workshop: Workshop,
    *,
    sources: Sequence[str] = (),
    subjects: Sequence[str] = (),
) -> Receipt:
    """Erase sources by path or URI, and those whose metadata name a subject, with all copies.

    A source with the same bytes goes too. No release that is left holds any of it, pinned or not.
    What is cut short is finished by the next writer. Raises SourceNotFound when nothing matches.
    """
    with writing(folder) as ledger:
        rows = matching(folder, ledger, sources, subjects)
        documents, needles = _look(ledger, {row.uri for row in rows})
        before = folder.numbers()
        embeddings = _erase(folder, ledger, rows)
        release(folder, ledger, workshop, embedder=LazyEmbedder(workshop.load_embedder))
        files = sorted(path for path in folder.path.rglob("*") if path.is_file())
        return Receipt(
            corpus=folder.name,
            erased=now_utc(),
            sources=tuple(hash_uri(row.uri) for row in rows),
            versions=tuple(sorted({row.sha256 for row in rows if row.sha256})),
            documents=tuple(documents),
            embeddings=embeddings,
            releases_removed=tuple(sorted({*before} - {*folder.numbers()})),
            release=folder.live(),
            scanned_files=len(files),
            scanned_bytes=sum(path.stat().st_size for path in files),
            residue=tuple(_name(path, folder) for path in files if _holds(path, needles)),
        )


def readmit(folder: CorpusFolder, scan: Scan) -> int:
    """Let forgotten sources in again, by their place and by what they hold now; how many."""
    with writing(folder) as ledger:
        erased = ledger.tombstones()
        keys = {hash_uri(source.uri) for source in scan.sources}
        keys |= {hash_file(source.path) for source in scan.sources if source.path.is_file()}
        found = sorted(keys & erased.keys())
        with ledger.transaction():
            ledger.database.executemany(
                "DELETE FROM tombstones WHERE key = ?", ((key,) for key in found)
            )
    return len(found)


def preview(
    folder: CorpusFolder, sources: Sequence[str], subjects: Sequence[str]
) -> list[SourceRow]:
    """The sources that `forget` would erase, without erasing any. Raises SourceNotFound."""
    with open_ledger(folder.ledger) as ledger:
        return matching(folder, ledger, sources, subjects)


def matching(
    folder: CorpusFolder, ledger: Ledger, sources: Sequence[str], subjects: Sequence[str]
) -> list[SourceRow]:
    """The sources that `forget` would erase. Raises SourceNotFound for an argument without any."""
    known = ledger.sources()
    found: dict[str, SourceRow] = {}
    for argument in sources:
        below = {uri: row for uri, row in known.items() if is_below(argument, uri, row.root)}
        if not below:
            raise SourceNotFound(f"corpus {folder.name!r} knows no source {argument!r}")
        found |= below
    for subject in subjects:
        about = {uri: known[uri] for uri in _about(ledger, subject)}
        if not about:
            raise SourceNotFound(f"no document of {folder.name!r} has the subject {subject!r}")
        found |= about
    versions = {row.sha256 for row in found.values() if row.sha256}
    found |= {uri: row for uri, row in known.items() if row.sha256 in versions}
    return [found[uri] for uri in sorted(found)]


def _about(ledger: Ledger, subject: str) -> Iterator[str]:
    rows = ledger.database.execute("SELECT uri, metadata FROM documents").fetchall()
    for uri, metadata in rows:
        named = metadata_from_json(metadata).get(SUBJECT, ())
        if subject in (named if isinstance(named, tuple) else (str(named),)):
            yield uri


def _look(ledger: Ledger, uris: set[str]) -> tuple[list[str], re.Pattern[bytes] | None]:
    """Ids of the documents to erase, and a pattern that finds what only they hold."""
    documents: list[str] = []
    needles: dict[bytes, None] = {}
    for id_, uri, text in ledger.database.execute("SELECT id, uri, text FROM documents"):
        if uri in uris:
            documents.append(id_)
            needles |= dict.fromkeys(_sample(text))
    own = [needle for needle in needles if not _is_elsewhere(ledger, needle, uris)]
    own += _own_vectors(ledger, documents)
    return documents, re.compile(b"|".join(map(re.escape, own))) if own else None


def _own_vectors(ledger: Ledger, documents: Sequence[str]) -> Iterator[bytes]:
    """Vectors that no document but these has, as bytes."""
    for id_ in documents:
        rows = ledger.database.execute(
            "SELECT e.vector FROM chunks c JOIN embeddings e ON e.hash = c.embedded_hash"
            " WHERE c.document_id = ? AND NOT EXISTS (SELECT 1 FROM chunks o"
            " WHERE o.embedded_hash = c.embedded_hash AND o.document_id != ?) LIMIT ?",
            (id_, id_, NEEDLES_PER_DOCUMENT),
        )
        yield from (vector for (vector,) in rows)


def _sample(text: str) -> Iterator[bytes]:
    """Pieces of a text, from all over it, that are long enough to be told from chance."""
    lines = [line.strip().encode() for line in text.splitlines()]
    long = [line for line in lines if len(line) >= LEAST_NEEDLE_BYTES]
    step = max(1, len(long) // NEEDLES_PER_DOCUMENT)
    yield from (line[:NEEDLE_BYTES] for line in long[::step])


def _is_elsewhere(ledger: Ledger, needle: bytes, uris: set[str]) -> bool:
    """Whether a document that stays holds the same piece, so that finding it proves nothing."""
    piece = needle.decode(errors="ignore")
    rows = ledger.database.execute("SELECT uri FROM documents WHERE instr(text, ?)", (piece,))
    return any(uri not in uris for (uri,) in rows)


def _erase(folder: CorpusFolder, ledger: Ledger, rows: Sequence[SourceRow]) -> int:
    at = now_utc()
    keys = [hash_uri(row.uri) for row in rows] + [row.sha256 for row in rows if row.sha256]
    with ledger.transaction():
        ledger.begin_erasure(keys, at)
        for row in rows:
            ledger.remove_source(row.uri)
        erased = ledger.drop_unused_embeddings()
    blobs = BlobStore(folder.blobs)
    for row in rows:
        blobs.discard(row.sha256)
    return erased


def _name(path: Path, folder: CorpusFolder) -> str:
    return path.relative_to(folder.path).as_posix()


def _holds(path: Path, needles: re.Pattern[bytes] | None) -> bool:
    if needles is None or not path.stat().st_size:
        return False
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return needles.search(content) is not None
