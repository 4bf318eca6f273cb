"""Bringing the ledger to what the sources hold: each new or changed file read, cut and recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath

from ingest.corpus.blobs import Blob
from ingest.corpus.history import document_id, hash_uri
from ingest.corpus.ledger import SourceRow, StoredDocument
from ingest.corpus.roots import KnownRoots, take_in
from ingest.corpus.widening import AccessGuard, read_stamp, stamp_held
from ingest.formats.content import Extraction, list_pages
from ingest.runs.desk import Desk, extractor_fingerprint
from ingest.runs.expanding import ArchiveExpander
from ingest.runs.outcomes import Reading
from ingest.runs.settling import TRY_AGAIN, Settlement
from ingest.sandbox.workers import Extracted, ExtractionPool, Job, count_workers
from ingest.sources.archives import is_archive
from ingest.sources.labels import Labels, merge_metadata, read_labels, stamp_of
from ingest.sources.local import side_cars_above
from ingest.sources.scanning import LOCAL, Scan, Source
from ingest.text.chunking import draft_chunks, fit_window, make_chunks
from rag.domain import Chunk, Document
from rag.errors import ExtractionFailed

TRANSACTION_DOCUMENTS = 32
MOST_NOTE_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class _Taken:
    """A source whose bytes are stored, on its way through a worker."""

    source: Source
    blob: Blob
    labels: Labels
    stamp: str


@dataclass(frozen=True, slots=True)
class _Finished:
    row: SourceRow
    stored: StoredDocument
    chunks: list[Chunk]


class SourceReader:
    """Reads the sources of one run; every one of them ends with exactly one outcome."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._extractor = extractor_fingerprint(desk.ocr)
        self._guard = AccessGuard(desk.ledger, may_widen=desk.widen)
        self._settlement = Settlement(desk.ledger, self._guard, self._extractor)
        self._known = self._settlement.known
        self._erased = desk.ledger.history.tombstones()
        self._roots = KnownRoots({})
        self._taken: dict[str, _Taken] = {}

    def read(self, scan: Scan) -> Reading:
        """Record what changed since the last run; the outcomes are in order of their source."""
        desk = self._desk
        with desk.ledger.transaction():
            self._roots = take_in(desk.ledger.history, scan)
        scan = self._inherit(scan)
        expander = ArchiveExpander(desk, self._known, self._extractor, self._stamp)
        try:
            expanded = expander.expand(scan.sources)
            self._read_all(replace(scan, sources=expanded.sources))
        finally:
            expander.clear()
        with desk.ledger.transaction():
            for uri, seen in expanded.archives.items():
                desk.ledger.put_archive(uri, seen)
            desk.ledger.drop_empty_archives()
        outcomes = self._settlement.outcomes
        return Reading(
            tuple(outcomes[uri] for uri in sorted(outcomes)),
            held=tuple(self._guard.held),
            widened=tuple(self._guard.widened),
            hidden=scan.hidden,
        )

    def _inherit(self, scan: Scan) -> Scan:
        """The sources with the side-cars of known folders around their own roots."""
        above = {
            root: side_cars_above(root, outer)
            for root in scan.roots
            if root.startswith(LOCAL) and (outer := self._roots.outermost(root)) != root
        }
        if not any(above.values()):
            return scan
        sources = []
        for each in scan.sources:
            inherited = above.get(each.root, ())
            stamp, side_cars = stamp_of(inherited) + each.stamp, (*inherited, *each.side_cars)
            sources.append(replace(each, stamp=stamp, side_cars=side_cars))
        return replace(scan, sources=tuple(sources))

    def _read_all(self, scan: Scan) -> None:
        self._remove_vanished(scan)
        changed = [source for source in scan.sources if not self._is_settled(source)]
        self._flush()
        if changed:
            self._read_changed(changed)

    def _remove_vanished(self, scan: Scan) -> None:
        found = {source.uri for source in scan.sources}
        with self._ledger.transaction():
            for uri, row in self._known.items():
                if uri in found:
                    continue
                if scan.covers(uri, row.root):
                    self._settlement.remove(row)
                elif scan.is_unseen(uri):
                    self._settlement.narrow_unseen(row, self._roots.labels(uri, row.root).access)

    def _labels(self, source: Source) -> Labels:
        return self._roots.labels(source.uri, source.root)

    def _stamp(self, source: Source) -> str:
        """A short text that changes whenever the labels of a source or their side-cars do."""
        return self._labels(source).stamp + source.stamp

    def _is_settled(self, source: Source) -> bool:
        """Whether what becomes of a source can be told without opening it; then it is noted."""
        row = self._known.get(source.uri)
        if source.problem:
            self._settlement.fail(source, source.problem, self._labels(source).access)
            return True
        if is_archive(source.name):  # those with members have been replaced by these
            self._settlement.give_up(source, "empty", reason="an archive without files")
            return True
        if forgotten := self._erased.get(hash_uri(source.uri)):
            self._settlement.forgotten(source, forgotten)
            return True
        if row is None or self._desk.checksum or not self._is_whole(row, self._stamp(source)):
            return False
        if (row.size, row.mtime_ns) != (source.size, source.mtime_ns) or source.mtime_ns < 0:
            return False
        self._settlement.keep(source, row)
        return True

    def _is_whole(self, row: SourceRow, stamp: str) -> bool:
        """Whether what is recorded of a source still stands if its content is the same."""
        plain, wanted = read_stamp(row.stamp)
        may_open = wanted is not None and self._desk.widen
        return row.extractor == self._extractor and plain == stamp and not may_open

    def _flush(self) -> None:
        with self._ledger.transaction():
            self._settlement.flush()

    def _read_changed(self, changed: list[Source]) -> None:
        workers = count_workers(len(changed))
        done = 0
        with ExtractionPool(workers, self._desk.limits) as pool:
            results = pool.run(self._jobs(changed))
            while batch := list(islice(results, TRANSACTION_DOCUMENTS)):
                self._record(batch)
                done += len(batch)
                self._desk.progress.advance("reading", done, len(changed))
        self._flush()

    def _jobs(self, changed: Iterable[Source]) -> Iterator[Job]:
        for source in changed:
            stamp, readers = self._stamp(source), self._labels(source).access
            try:
                labels = read_labels(self._labels(source), source.side_cars)
                readers = labels.access
                blob = self._desk.blobs.store(source)
            except ExtractionFailed as error:
                self._settlement.fail(source, error, readers, stamp=stamp)
                continue
            source = replace(source, size=blob.size, mtime_ns=blob.mtime_ns)
            row = self._known.get(source.uri)
            if row and self._is_same(row, blob, stamp, labels):
                self._settlement.keep(source, row)
                self._discard([blob])
                continue
            if forgotten := self._erased.get(blob.sha256):
                self._settlement.forgotten(source, forgotten)
                self._desk.blobs.discard(blob.sha256)
                continue
            self._desk.embedder.start()
            self._taken[source.uri] = _Taken(source, blob, labels, stamp)
            yield Job(source.uri, blob.path, source.name, blob.size, self._desk.ocr)

    def _is_same(self, row: SourceRow, blob: Blob, stamp: str, labels: Labels) -> bool:
        """Whether a source that was opened holds what is recorded of it.

        What failed is read again when all is asked to be, and labels are compared themselves.
        """
        if row.sha256 != blob.sha256 or not self._is_whole(row, stamp):
            return False
        if not self._settlement.has_document(row.uri):
            return row.mtime_ns != TRY_AGAIN and not self._desk.checksum
        recorded, wanted = self._ledger.catalogue.readers(row.uri), read_stamp(row.stamp)[1]
        return labels.access == (wanted or recorded) or not self._desk.checksum

    def _record(self, results: list[tuple[Job, Extracted | ExtractionFailed]]) -> None:
        documents: list[_Finished] = []
        failed: list[Blob] = []
        for job, result in results:
            taken = self._taken.pop(job.key)
            source, blob, stamp = taken.source, taken.blob, taken.stamp
            if isinstance(result, ExtractionFailed):
                readers = taken.labels.access
                self._settlement.fail(source, result, readers, stamp=stamp, sha256=blob.sha256)
                failed.append(blob)
            elif not result.drafts:
                self._settlement.give_up(
                    source, "empty", reason="no text", stamp=stamp, sha256=blob.sha256
                )
                failed.append(blob)
            else:
                documents.append(self._cut(taken, result))
        self._flush()
        with self._ledger.transaction():
            for finished in documents:
                self._put(finished)
        self._discard(failed)

    def _cut(self, taken: _Taken, extracted: Extracted) -> "_Finished":
        extraction, source = extracted.extraction, taken.source
        document = Document(
            id=document_id(self._desk.corpus, source.uri),
            version=taken.blob.sha256,
            source=source.name,
            title=str(taken.labels.metadata.get("title", "")) or _title(extraction, source),
            text=extraction.text,
            media_type=extraction.media_type,
            pages=extraction.pages,
            metadata=merge_metadata(extraction.metadata, taken.labels),
            access=taken.labels.access,
        )
        drafts = fit_window(document.text, extracted.drafts, self._desk.embedder.get())
        chunks = make_chunks(document.id, document.text, drafts, document.pages)
        note = "; ".join(extraction.notes)[:MOST_NOTE_CHARACTERS]
        row = replace(
            self._settlement.row(source, "indexed", sha256=document.version, stamp=taken.stamp),
            reason=note,
            characters=len(document.text),
            pages=len(document.pages),
            empty_pages=list_pages(extraction.pages_without_text),
            seconds=round(extracted.seconds, 3),
        )
        return _Finished(row, StoredDocument(document, extraction.is_markdown), chunks)

    def _put(self, finished: "_Finished") -> None:
        ledger, row, stored = self._ledger, finished.row, finished.stored
        wanted = stored.document.access
        access = self._guard.admit(row.name, row.uri, row.sha256, wanted)
        if access != wanted:
            stored = replace(stored, document=replace(stored.document, access=access))
            row = replace(row, stamp=stamp_held(row.stamp, wanted))
            row = replace(row, reason=f"{self._guard.held[-1].reason}; {row.reason}".strip("; "))
        if ledger.holds_content(row.sha256, beside=row.uri):
            row = replace(row, state="duplicate")
        ledger.put_source(row)
        ledger.put_document(row.uri, stored, finished.chunks, chunked_by=self._desk.chunked_by)
        self._settlement.record(row, chunks=len(finished.chunks))

    def _discard(self, blobs: Iterable[Blob]) -> None:
        for blob in blobs:
            if not self._ledger.holds_content(blob.sha256, beside=""):
                self._desk.blobs.discard(blob.sha256)


def _title(extraction: Extraction, source: Source) -> str:
    return extraction.title or PurePosixPath(source.name).stem


def cut_again(desk: Desk) -> None:
    """Cut documents whose chunks were made by another chunker or for another embedder."""
    outdated = desk.ledger.documents_chunked_otherwise(desk.chunked_by)
    for done, id_ in enumerate(outdated, 1):
        stored = desk.ledger.document(id_)
        text, pages = stored.document.text, stored.document.pages
        drafts = draft_chunks(text, is_markdown=stored.is_markdown, pages=pages)
        chunks = make_chunks(id_, text, fit_window(text, drafts, desk.embedder.get()), pages)
        with desk.ledger.transaction():
            desk.ledger.replace_chunks(id_, chunks, chunked_by=desk.chunked_by)
        desk.progress.advance("cutting", done, len(outdated))
