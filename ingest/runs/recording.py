"""What workers made of sources, recorded: documents with their chunks, failures with a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingest.corpus.blobs import Blob
from ingest.corpus.history import document_id
from ingest.corpus.ledger import SourceRow, StoredDocument
from ingest.corpus.setup import OpenCorpus
from ingest.corpus.widening import AccessGuard, stamp_held
from ingest.formats.content import Extraction, list_pages
from ingest.runs.settling import Settlement
from ingest.sandbox.workers import Extracted
from ingest.sources.labels import Labels, merge_metadata
from ingest.sources.source import Source
from ingest.text.chunking import cut, draft_chunks
from ingest.text.particulars.statements import read_particulars
from rag.domain import Chunk, Document
from rag.errors import ExtractionFailed

MOST_NOTE_CHARACTERS = 300  # chosen: a line of the table of a run, not a report of its own


@dataclass(frozen=True, slots=True)
class Taken:
    """A source whose bytes are stored, with what holds of it; `stamp` stands for that."""

    source: Source
    blob: Blob
    labels: Labels
    stamp: str


class Recorder:
    """Writes what was read to the ledger, a batch in one transaction."""

    def __init__(self, corpus: OpenCorpus, settlement: Settlement, guard: AccessGuard) -> None:
        self._corpus = corpus
        self._ledger = corpus.ledger
        self._settlement = settlement
        self._guard = guard

    def record(self, results: Sequence[tuple[Taken, Extracted | ExtractionFailed]]) -> None:
        """Record every result; bytes that no document was made of are not kept."""
        documents = []
        failed: list[Blob] = []
        for taken, result in results:
            seen = {"stamp": taken.stamp, "sha256": taken.blob.sha256}
            if isinstance(result, ExtractionFailed):
                self._settlement.fail(taken.source, result, taken.labels.access, **seen)
                failed.append(taken.blob)
            elif not result.drafts:
                self._settlement.give_up(taken.source, "empty", reason="no text", **seen)
                failed.append(taken.blob)
            else:
                documents.append(self._finish(taken, result))
        with self._ledger.transaction():
            self._settlement.flush()
        with self._ledger.transaction():
            for row, stored, chunks in documents:
                self._put(row, stored, chunks)
        self.discard(failed)

    def discard(self, blobs: Iterable[Blob]) -> None:
        """Remove bytes that no document refers to."""
        for blob in blobs:
            if not self._ledger.holds_content(blob.sha256, beside=""):
                self._corpus.blobs.discard(blob.sha256)

    def _finish(
        self, taken: Taken, extracted: Extracted
    ) -> tuple[SourceRow, StoredDocument, list[Chunk]]:
        extraction, source = extracted.extraction, taken.source
        title = str(taken.labels.metadata.get("title", "")) or _title(extraction, source)
        said, doubts = read_particulars(
            extraction.text,
            title=title,
            name=source.name,
            media_type=extraction.media_type,
            is_markdown=extraction.is_markdown,
            metadata=extraction.metadata,
        )
        document = Document(
            id=document_id(self._corpus.folder.name, source.uri),
            version=taken.blob.sha256,
            source=source.name,
            title=title,
            text=extraction.text,
            media_type=extraction.media_type,
            pages=extraction.pages,
            metadata=merge_metadata({**extraction.metadata, **said}, taken.labels),
            access=taken.labels.access,
        )
        row = replace(
            self._settlement.row(source, "indexed", sha256=document.version, stamp=taken.stamp),
            reason="; ".join((*extraction.notes, *doubts))[:MOST_NOTE_CHARACTERS],
            characters=len(document.text),
            pages=len(document.pages),
            empty_pages=list_pages(extraction.pages_without_text),
            seconds=round(extracted.seconds, 3),
        )
        chunks = cut(document, extracted.drafts, self._corpus.embedder.get())
        return row, StoredDocument(document, extraction.is_markdown), chunks

    def _put(self, row: SourceRow, stored: StoredDocument, chunks: Sequence[Chunk]) -> None:
        wanted = stored.document.access
        access = self._guard.admit(row.name, row.uri, row.sha256, wanted)
        if access != wanted:
            stored = replace(stored, document=replace(stored.document, access=access))
            row = replace(row, stamp=stamp_held(row.stamp, wanted))
            row = replace(row, reason=f"{self._guard.held[-1].reason}; {row.reason}".strip("; "))
        if self._ledger.holds_content(row.sha256, beside=row.uri):
            row = replace(row, state="duplicate")
        self._ledger.put_source(row)
        self._ledger.put_document(row.uri, stored, chunks, chunked_by=self._corpus.chunked_by)
        self._settlement.record(row, chunks=len(chunks))


def _title(extraction: Extraction, source: Source) -> str:
    return extraction.title or PurePosixPath(source.name).stem


def cut_again(corpus: OpenCorpus) -> None:
    """Cut documents whose chunks were made by another chunker or for another embedder."""
    ledger = corpus.ledger
    outdated = ledger.documents_chunked_otherwise(corpus.chunked_by)
    for done, id_ in enumerate(outdated, 1):
        stored = ledger.document(id_)
        text, pages = stored.document.text, stored.document.pages
        drafts = draft_chunks(text, is_markdown=stored.is_markdown, pages=pages)
        chunks = cut(stored.document, drafts, corpus.embedder.get())
        with ledger.transaction():
            ledger.replace_chunks(id_, chunks, chunked_by=corpus.chunked_by)
        corpus.setup.progress("cutting", done, len(outdated))
