"""How an erasure goes: begun in one transaction, then finished, by the next writer if need be."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.clock import now_utc
from ingest.corpus.embedding import used_vectors, vectors_of
from ingest.corpus.history import NO_BYTES, Version, hash_uri
from ingest.corpus.ledger import Ledger
from ingest.corpus.setup import OpenCorpus
from ingest.releases import needles
from ingest.releases.copies import contents_of, drop_unused, may_hold, pieces_of
from ingest.releases.publishing import remove_release
from ingest.releases.releasing import release_without

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


def read_receipts(ledger: Ledger, *, unfinished: bool = False) -> list[Receipt]:
    """The receipts of all erasures, or of those that have begun and are not finished."""
    return [_read_receipt(text) for text in ledger.history.receipts(unfinished=unfinished)]


def _read_receipt(text: str) -> Receipt:
    raw: dict[str, Any] = json.loads(text)  # JSON holds anything
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return Receipt(**fields)


def begin(corpus: OpenCorpus, doomed: Sequence[Doomed]) -> Receipt:
    """Take sources out of the ledger for good; from now on the erasure is finished by any writer.

    What copies of them look like is noted first, since afterwards nobody knows it.
    """
    versions = [version for each in doomed for version in each.versions]
    documents = sorted({version.document_id for version in versions})
    contents = sorted({sha256 for each in doomed for sha256 in each.contents} - {NO_BYTES})
    id_, begun = secrets.token_hex(8), now_utc()
    needles.save(set(_pieces(corpus, documents, contents)), corpus.folder.path / NEEDLES / id_)
    sources = tuple(hash_uri(each.uri) for each in doomed)
    ledger = corpus.ledger
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
            corpus=corpus.folder.name,
            begun=begun,
            erased="",
            sources=sources,
            versions=tuple(contents),
            documents=tuple(documents),
            embeddings=embeddings,
        )
        ledger.history.begin_receipt(id_, begun, json.dumps(asdict(receipt)))
    return receipt


def finish(corpus: OpenCorpus) -> list[Receipt]:
    """Bring every erasure that has begun to its end; the receipts, all of one state of the disk.

    Where the release that serves may hold some of it, one made wholly anew without it goes live.
    An erasure of which something is left stays unfinished, so that the next writer looks again.
    """
    begun = read_receipts(corpus.ledger, unfinished=True)
    if not begun:
        _remove_needles(corpus, [])
        return []
    documents = {id_ for receipt in begun for id_ in receipt.documents}
    folder = corpus.folder
    before = folder.numbers()
    unclean = [number for number in before if may_hold(folder, number, documents)]
    if folder.serving() in unclean:
        release_without(corpus, documents)
    for number in unclean:
        remove_release(folder, number)
    _drop_copies(corpus, begun)
    corpus.ledger.compact()
    removed = {*before} - {*folder.numbers()}
    return [_close(corpus, each, removed) for each in begun]


def _pieces(
    corpus: OpenCorpus, documents: Sequence[str], contents: Sequence[str]
) -> Iterator[bytes]:
    """Pieces of the documents' texts and vectors, and of their original bytes."""
    ledger, folder, wanted = corpus.ledger, corpus.folder, set(documents)
    for id_ in wanted & ledger.versions().keys():
        yield from needles.sample_text(ledger.document(id_).document.text)
        yield from vectors_of(ledger, id_, most=needles.PIECES)
    for number in folder.numbers():
        yield from pieces_of(folder, number, wanted)
    for sha256 in contents:
        yield from needles.sample_file(corpus.blobs.path_of(sha256))


def _drop_copies(corpus: OpenCorpus, begun: Sequence[Receipt]) -> None:
    stay = corpus.ledger.history.contents()
    for sha256 in {sha256 for receipt in begun for sha256 in receipt.versions} - stay:
        corpus.blobs.discard(sha256)
    drop_unused(corpus.folder, corpus.ledger)
    for name in (JUDGE_CACHE, f"{JUDGE_CACHE}-wal", f"{JUDGE_CACHE}-shm"):
        (corpus.folder.path.parent.parent / name).unlink(missing_ok=True)


def _close(corpus: OpenCorpus, receipt: Receipt, removed: set[int]) -> Receipt:
    """Scan the corpus folder for what an erasure was of, and write its receipt."""
    kept = corpus.folder.path / NEEDLES / receipt.id
    try:
        pieces = needles.load(kept)
    except (OSError, ValueError):
        pieces = None
    shared: tuple[str, ...] = ()
    residue: list[Path] = []
    files = sorted(path for path in corpus.folder.path.rglob("*") if _is_scanned(path))
    if pieces:
        own, shared = _own(corpus, pieces)
        residue = list(filter(needles.Search(own).is_in_file, files))
    closed = replace(
        receipt,
        erased="" if residue else now_utc(),
        releases_removed=tuple(sorted(removed.union(receipt.releases_removed))),
        release=corpus.folder.serving(),
        scanned_files=len(files),
        scanned_bytes=sum(path.stat().st_size for path in files),
        residue=tuple(path.relative_to(corpus.folder.path).as_posix() for path in residue),
        shared=shared,
        is_scanned=pieces is not None,
    )
    with corpus.ledger.transaction():
        text = json.dumps(asdict(closed))
        corpus.ledger.history.put_receipt(receipt.id, text, finished=closed.erased or None)
    if not residue:
        unfinished = read_receipts(corpus.ledger, unfinished=True)
        _remove_needles(corpus, [each.id for each in unfinished])
    return closed


def _is_scanned(path: Path) -> bool:
    return path.parent.name != NEEDLES and path.is_file()


def _own(corpus: OpenCorpus, pieces: Sequence[bytes]) -> tuple[list[bytes], tuple[str, ...]]:
    """The pieces that no source that stays holds too, and the sources that hold the others."""
    search = needles.Search(pieces)
    shared: list[str] = []
    common: set[bytes] = set()
    for uri, text in corpus.ledger.texts():
        if found := search.found_in(text.encode()):
            shared.append(hash_uri(uri))
            common |= found
    for vector in used_vectors(corpus.ledger):
        common |= search.found_in(vector)
    for number in corpus.folder.numbers():
        common = common.union(*map(search.found_in, contents_of(corpus.folder, number)))
    stay = corpus.ledger.history.contents().intersection(corpus.blobs.stored())
    common = common.union(*(search.found_in_file(corpus.blobs.path_of(each)) for each in stay))
    return [piece for piece in pieces if piece not in common], tuple(shared)


def _remove_needles(corpus: OpenCorpus, but: Sequence[str]) -> None:
    kept = corpus.folder.path / NEEDLES
    for path in kept.glob("*") if kept.exists() else ():
        if path.name not in but:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # it is not empty, or it is not there
        kept.rmdir()
