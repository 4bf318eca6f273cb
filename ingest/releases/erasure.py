"""How an erasure goes: begun in one transaction, then finished, by the next writer if need be."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.clock import now_utc
from ingest.corpus.blobs import BlobStore
from ingest.corpus.history import NO_BYTES, Version, hash_uri
from ingest.corpus.ledger import Ledger
from ingest.releases.copies import contents_of, drop_unused, may_hold, pieces_of
from ingest.releases.needles import PIECES, Needles, Search, load_needles, sample_file, sample_text
from ingest.releases.publishing import CorpusFolder, remove_release

NEEDLES = ".erasing"
"""Folder of what erasures under way look for; it goes with the last of them."""
JUDGE_CACHE = "judge-cache.db"
"""In the data folder; evaluations keep texts of answers in it."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A source to be erased with all its versions, found under `roots`; `because` says why."""

    uri: str
    name: str
    roots: frozenset[str]
    versions: tuple[Version, ...]
    contents: tuple[str, ...]
    because: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased, in hashes from which nothing of it can be read.

    `erased` is when it was finished, empty until then. `residue` names files in which a byte scan
    still found some of it: it is empty, or the erasure has failed. `shared` are the hashes of
    sources that stay and hold some of the same pieces of text. `is_scanned` is false where it is
    no longer known what to look for.
    """

    id: str
    corpus: str
    begun: str
    erased: str
    sources: tuple[str, ...]
    versions: tuple[str, ...]
    documents: tuple[str, ...]
    embeddings: int
    releases_removed: tuple[int, ...] = ()
    release: int | None = None
    scanned_files: int = 0
    scanned_bytes: int = 0
    residue: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    is_scanned: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether the erasure is finished, and the scan has found nothing of it."""
        return bool(self.erased) and self.is_scanned and not self.residue


def read_receipt(text: str) -> Receipt:
    """The receipt as the ledger keeps it."""
    raw: dict[str, Any] = json.loads(text)  # JSON holds anything
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return Receipt(**fields)


def begin(folder: CorpusFolder, ledger: Ledger, doomed: Sequence[Doomed]) -> Receipt:
    """Take sources out of the ledger for good; from now on the erasure is finished by any writer.

    What copies of them look like is noted first, since afterwards nobody knows it.
    """
    versions = [version for each in doomed for version in each.versions]
    documents = sorted({version.document_id for version in versions})
    contents = sorted({sha256 for each in doomed for sha256 in each.contents} - {NO_BYTES})
    id_, begun = secrets.token_hex(8), now_utc()
    needles = _collect(folder, ledger, documents, contents)
    needles.save(folder.path / NEEDLES / id_)
    sources = tuple(hash_uri(each.uri) for each in doomed)
    with ledger.transaction():
        ledger.history.put_tombstones([*sources, *contents], begun)
        for each in doomed:
            ledger.remove_source(each.uri)
            ledger.history.drop_root(each.uri)
        ledger.drop_empty_archives()
        ledger.history.drop_versions(versions)
        ledger.history.drop_contents(contents)
        embeddings = ledger.drop_unused_embeddings()
        receipt = Receipt(
            id=id_,
            corpus=folder.name,
            begun=begun,
            erased="",
            sources=sources,
            versions=tuple(contents),
            documents=tuple(documents),
            embeddings=embeddings,
        )
        ledger.history.begin_receipt(id_, begun, json.dumps(asdict(receipt)))
    return receipt


def pending(ledger: Ledger) -> list[Receipt]:
    """Erasures that have begun and are not finished."""
    return [read_receipt(text) for _, text in ledger.history.receipts(unfinished=True)]


def finish(
    folder: CorpusFolder, ledger: Ledger, publish: Callable[[set[str]], None]
) -> list[Receipt]:
    """Bring every erasure that has begun to its end; the receipts, all of one state of the disk.

    `publish` makes a release without the given documents, with no part of an older one, live. An
    erasure of which something is left stays unfinished, so that the next writer looks again.
    """
    begun = pending(ledger)
    if not begun:
        _remove_needles(folder, [])
        return []
    documents = {id_ for receipt in begun for id_ in receipt.documents}
    before = folder.numbers()
    unclean = [number for number in before if may_hold(folder, number, documents)]
    if folder.serving() in unclean:
        publish(documents)
    for number in unclean:
        remove_release(folder, number)
    _drop_copies(folder, ledger, begun)
    ledger.compact()
    removed = {*before} - {*folder.numbers()}
    return [_close(folder, ledger, _removing(each, removed)) for each in begun]


def _removing(receipt: Receipt, removed: set[int]) -> Receipt:
    return replace(receipt, releases_removed=tuple(sorted({*receipt.releases_removed} | removed)))


def _collect(
    folder: CorpusFolder, ledger: Ledger, documents: Sequence[str], contents: Sequence[str]
) -> Needles:
    """Pieces of the documents' texts and vectors, and of their original bytes."""
    wanted = set(documents)
    blobs = BlobStore(folder.blobs)
    pieces: dict[bytes, None] = {}
    for id_ in documents:
        for (text,) in ledger.database.execute("SELECT text FROM documents WHERE id = ?", (id_,)):
            pieces |= dict.fromkeys(sample_text(text))
        pieces |= dict.fromkeys(_vectors(ledger, id_))
    for number in folder.numbers():
        pieces |= dict.fromkeys(pieces_of(folder, number, wanted))
    for sha256 in contents:
        pieces |= dict.fromkeys(sample_file(blobs.path_of(sha256)))
    return Needles(tuple(pieces))


def _vectors(ledger: Ledger, document_id: str) -> Iterator[bytes]:
    rows = ledger.database.execute(
        "SELECT e.vector FROM chunks c JOIN embeddings e ON e.hash = c.embedded_hash"
        " WHERE c.document_id = ? LIMIT ?",
        (document_id, PIECES),
    )
    return (vector for (vector,) in rows.fetchall())


def _drop_copies(folder: CorpusFolder, ledger: Ledger, begun: Sequence[Receipt]) -> None:
    blobs = BlobStore(folder.blobs)
    stay = ledger.history.contents()
    for sha256 in {sha256 for receipt in begun for sha256 in receipt.versions} - stay:
        blobs.discard(sha256)
    drop_unused(folder, ledger)
    for name in (JUDGE_CACHE, f"{JUDGE_CACHE}-wal", f"{JUDGE_CACHE}-shm"):
        (folder.path.parent.parent / name).unlink(missing_ok=True)


def _close(folder: CorpusFolder, ledger: Ledger, receipt: Receipt) -> Receipt:
    """Scan the corpus folder for what an erasure was of, and write its receipt."""
    kept = folder.path / NEEDLES / receipt.id
    try:
        needles = load_needles(kept)
    except (OSError, ValueError):
        needles = None
    shared: tuple[str, ...] = ()
    residue: list[Path] = []
    files = sorted(path for path in folder.path.rglob("*") if _is_scanned(path))
    if needles:
        own, shared = _own(folder, ledger, needles)
        residue = list(filter(Search(own).is_in_file, files))
    closed = replace(
        receipt,
        erased="" if residue else now_utc(),
        release=folder.serving(),
        scanned_files=len(files),
        scanned_bytes=sum(path.stat().st_size for path in files),
        residue=tuple(path.relative_to(folder.path).as_posix() for path in residue),
        shared=shared,
        is_scanned=needles is not None,
    )
    with ledger.transaction():
        text = json.dumps(asdict(closed))
        ledger.history.put_receipt(receipt.id, text, finished=closed.erased or None)
    if not residue:
        _remove_needles(folder, [each.id for each in pending(ledger)])
    return closed


def _is_scanned(path: Path) -> bool:
    return path.parent.name != NEEDLES and path.is_file()


def _own(folder: CorpusFolder, ledger: Ledger, needles: Needles) -> tuple[Needles, tuple[str, ...]]:
    """The pieces that no source that stays holds too, and the sources that hold the others."""
    search = Search(needles)
    shared: list[str] = []
    common: set[bytes] = set()
    for uri, text in ledger.database.execute("SELECT uri, text FROM documents"):
        if found := search.found_in(text.encode()):
            shared.append(hash_uri(uri))
            common |= found
    for (vector,) in ledger.database.execute(
        "SELECT vector FROM embeddings WHERE hash IN (SELECT embedded_hash FROM chunks)"
    ):
        common |= search.found_in(vector)
    for number in folder.numbers():
        common = common.union(*map(search.found_in, contents_of(folder, number)))
    blobs = BlobStore(folder.blobs)
    stay = ledger.history.contents().intersection(blobs.stored())
    common = common.union(*(search.found_in_file(blobs.path_of(each)) for each in stay))
    return needles.without(common), tuple(shared)


def _remove_needles(folder: CorpusFolder, but: Sequence[str]) -> None:
    kept = folder.path / NEEDLES
    for path in kept.glob("*") if kept.exists() else ():
        if path.name not in but:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # it is not empty, or it is not there
        kept.rmdir()
