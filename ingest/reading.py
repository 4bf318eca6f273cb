"""Bringing the ledger to what the sources hold: each new or changed file read, cut and recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path, PurePosixPath

from ingest.blobs import Blob, BlobStore
from ingest.chunking import draft_chunks, fit_window, make_chunks
from ingest.content import Extraction, list_pages
from ingest.embedding import LazyEmbedder
from ingest.expanding import ArchiveExpander
from ingest.extraction import EXTRACTOR
from ingest.history import document_id, hash_uri
from ingest.labels import Labels, merge_metadata, read_labels
from ingest.ledger import Ledger, SourceRow, State, StoredDocument
from ingest.outcomes import Outcome, Progress
from ingest.sources import Scan, Source
from ingest.unpacking import is_archive
from ingest.workers import Extracted, ExtractionPool, Job, Limits, count_workers
from rag.domain import Chunk, Document
from rag.errors import ExtractionFailed

TRANSACTION_DOCUMENTS = 32
MOST_NOTE_CHARACTERS = 300


def extractor_fingerprint(ocr: str) -> str:
    """What a document's text depends on besides its bytes."""
    name = f"{EXTRACTOR}/kreuzberg-{version('kreuzberg')}"
    return f"{name}/ocr-{ocr}" if ocr else name


@dataclass(frozen=True, slots=True)
class Desk:
    """What reading works with: `chunked_by` names chunker and embedder together."""

    corpus: str
    ledger: Ledger
    blobs: BlobStore
    embedder: LazyEmbedder
    chunked_by: str
    progress: Progress
    limits: Limits
    scratch: Path
    checksum: bool = False
    ocr: str = ""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A source whose bytes are stored, on its way through a worker."""

    source: Source
    blob: Blob
    labels: Labels


@dataclass(frozen=True, slots=True)
class _Finished:
    row: SourceRow
    stored: StoredDocument
    chunks: list[Chunk]


class SourceReader:
    """Reads the sources of one run; every one of them ends with exactly one outcome."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._extractor = extractor_fingerprint(desk.ocr)
        self._known = desk.ledger.sources()
        self._erased = desk.ledger.history.tombstones()
        self._chunks = desk.ledger.count_chunks()
        self._settled: list[SourceRow] = []
        self._taken: dict[str, _Taken] = {}
        self._outcomes: dict[str, Outcome] = {}

    def read(self, scan: Scan) -> list[Outcome]:
        """Record what changed since the last run; the outcomes are in order of their source."""
        desk = self._desk
        expander = ArchiveExpander(
            desk.ledger,
            desk.scratch,
            desk.limits,
            again=desk.checksum,
            extractor=self._extractor,
        )
        try:
            expanded = expander.expand(scan.sources, self._known)
            self._read_all(replace(scan, sources=expanded.sources))
        finally:
            expander.clear()
        with desk.ledger.transaction():
            for uri, seen in expanded.archives.items():
                desk.ledger.put_archive(uri, seen)
        return [self._outcomes[uri] for uri in sorted(self._outcomes)]

    def _read_all(self, scan: Scan) -> None:
        self._remove_vanished(scan)
        changed = [source for source in scan.sources if not self._is_settled(source)]
        self._flush()
        if changed:
            self._read_changed(changed)

    def _remove_vanished(self, scan: Scan) -> None:
        found = {source.uri for source in scan.sources}
        with self._desk.ledger.transaction():
            for uri, row in self._known.items():
                if uri not in found and scan.covers(uri, row.root):
                    self._desk.ledger.remove_source(uri)
                    self._outcomes[uri] = Outcome(row.name, "removed")

    def _is_settled(self, source: Source) -> bool:
        row = self._known.get(source.uri)
        if source.problem:
            self._settle(source, "quarantined", reason=source.problem)
            return True
        if is_archive(source.name):  # those with members have been replaced by these
            self._settle(source, "empty", reason="an archive without files")
            return True
        if forgotten := self._erased.get(hash_uri(source.uri)):
            self._outcomes[source.uri] = Outcome(source.name, "removed", forgotten)
            return True
        if row is None or not self._is_whole(row, source) or self._desk.checksum:
            return False
        if (row.size, row.mtime_ns) != (source.size, source.mtime_ns) or source.mtime_ns < 0:
            return False
        self._keep(source, row)
        return True

    def _is_whole(self, row: SourceRow, source: Source) -> bool:
        """Whether what is recorded of a source still stands if its content is the same."""
        is_read = row.state != "quarantined" and row.extractor == self._extractor
        return is_read and row.stamp == source.stamp

    def _keep(self, source: Source, row: SourceRow) -> None:
        """Note that a source holds what it held; one that no release has yet keeps its state."""
        state: State = "unchanged" if row.is_published and row.state != "empty" else row.state
        self._outcomes[source.uri] = self._outcome(replace(row, state=state, seconds=0.0))
        seen = replace(row, root=source.root, size=source.size, mtime_ns=source.mtime_ns)
        if seen != row:
            self._settled.append(seen)

    def _outcome(self, row: SourceRow, chunks: int | None = None) -> Outcome:
        count = self._chunks.get(row.uri, 0) if chunks is None else chunks
        kept = (row.characters, row.pages, row.empty_pages, row.seconds)
        return Outcome(row.name, row.state, row.reason, count, *kept)

    def _settle(self, source: Source, state: State, *, reason: str, sha256: str = "") -> None:
        """Record a source that gives no document."""
        row = self._row(source, state, reason=reason, sha256=sha256)
        self._outcomes[source.uri] = self._outcome(row, 0)
        self._settled.append(row)

    def _row(self, source: Source, state: State, *, reason: str, sha256: str) -> SourceRow:
        at = (source.uri, source.root, source.name, source.size, source.mtime_ns)
        return SourceRow(*at, sha256, self._extractor, state, reason, stamp=source.stamp)

    def _flush(self) -> None:
        with self._desk.ledger.transaction():
            for row in self._settled:
                self._desk.ledger.put_source(row)
                if row.state in ("quarantined", "empty"):
                    self._desk.ledger.drop_document(row.uri)
        self._settled.clear()

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
            try:
                labels = read_labels(source.labels, source.side_cars)
                blob = self._desk.blobs.store(source)
            except ExtractionFailed as error:
                self._give_up(source, str(error))
                continue
            source = replace(source, size=blob.size, mtime_ns=blob.mtime_ns)
            row = self._known.get(source.uri)
            if row and self._is_whole(row, source) and row.sha256 == blob.sha256:
                self._keep(source, row)
                continue
            if forgotten := self._erased.get(blob.sha256):
                self._outcomes[source.uri] = Outcome(source.name, "removed", forgotten)
                self._desk.blobs.discard(blob.sha256)
                continue
            self._desk.embedder.start()
            self._taken[source.uri] = _Taken(source, blob, labels)
            yield Job(source.uri, blob.path, source.name, blob.size, self._desk.ocr)

    def _give_up(self, source: Source, reason: str) -> None:
        """Quarantine a source; what was had of one that is far away stays, it may come back."""
        row = self._known.get(source.uri)
        if source.fetch is not None and row is not None and row.sha256:
            said = f"{reason}; the version before stays"
            self._outcomes[source.uri] = replace(
                self._outcome(row), state="quarantined", reason=said
            )
        else:
            self._settle(source, "quarantined", reason=reason)

    def _record(self, results: list[tuple[Job, Extracted | ExtractionFailed]]) -> None:
        documents: list[_Finished] = []
        failed: list[Blob] = []
        for job, result in results:
            taken = self._taken.pop(job.key)
            source, blob = taken.source, taken.blob
            if isinstance(result, ExtractionFailed):
                self._settle(source, "quarantined", reason=str(result), sha256=blob.sha256)
                failed.append(blob)
            elif not result.drafts:
                self._settle(source, "empty", reason="no text", sha256=blob.sha256)
                failed.append(blob)
            else:
                documents.append(self._cut(taken, result))
        with self._desk.ledger.transaction():
            for finished in documents:
                self._put(finished)
        self._flush()
        self._discard(failed)

    def _cut(self, taken: _Taken, extracted: Extracted) -> "_Finished":
        extraction, source = extracted.extraction, taken.source
        metadata = merge_metadata(extraction.metadata, taken.labels)
        document = Document(
            id=document_id(self._desk.corpus, source.uri),
            version=taken.blob.sha256,
            source=source.name,
            title=str(taken.labels.metadata.get("title", "")) or _title(extraction, source),
            text=extraction.text,
            media_type=extraction.media_type,
            pages=extraction.pages,
            metadata=metadata,
            access=taken.labels.access,
        )
        drafts = fit_window(document.text, extracted.drafts, self._desk.embedder.get())
        chunks = make_chunks(document.id, document.text, drafts, document.pages)
        note = "; ".join(extraction.notes)[:MOST_NOTE_CHARACTERS]
        row = replace(
            self._row(source, "indexed", reason=note, sha256=document.version),
            characters=len(document.text),
            pages=len(document.pages),
            empty_pages=list_pages(extraction.pages_without_text),
            seconds=round(extracted.seconds, 3),
        )
        return _Finished(row, StoredDocument(document, extraction.is_markdown), chunks)

    def _put(self, finished: "_Finished") -> None:
        ledger, row = self._desk.ledger, finished.row
        if ledger.holds_content(row.sha256, beside=row.uri):
            row = replace(row, state="duplicate")
        ledger.put_source(row)
        ledger.put_document(
            row.uri, finished.stored, finished.chunks, chunked_by=self._desk.chunked_by
        )
        self._outcomes[row.uri] = self._outcome(row, len(finished.chunks))

    def _discard(self, blobs: Iterable[Blob]) -> None:
        for blob in blobs:
            if not self._desk.ledger.holds_content(blob.sha256, beside=""):
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
