"""The ledger: what a corpus is made of, the one truth from which every release can be built."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from typing import Literal

from ingest.corpus.history import History, Place
from ingest.corpus.schema import hash_documents, write_digest
from rag.domain import Chunk, Document, Page, Span, metadata_from_json, metadata_to_json

State = Literal["indexed", "unchanged", "duplicate", "empty", "quarantined", "skipped", "removed"]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the ledger remembers of a source; `is_published` once a release was made since.

    `stamp` stands for all beside its content that its document depends on; `empty_pages` names
    pages without text, `characters` counts those kept, `seconds` is what reading it took.
    """

    uri: str
    root: str
    name: str
    size: int
    mtime_ns: int
    sha256: str
    extractor: str
    state: State
    reason: str = ""
    is_published: int = 0
    stamp: str = ""
    characters: int = 0
    pages: int = 0
    empty_pages: str = ""
    seconds: float = 0.0


SOURCE_COLUMNS = ", ".join(field.name for field in fields(SourceRow))


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document and whether its text is Markdown, so that it can be cut into chunks again."""

    document: Document
    is_markdown: bool


class Ledger:
    """One corpus' database, durable after each transaction; for one writer."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.history = History(database)
        self._run = database.execute

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes made inside are kept together, or none."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def sources(self) -> dict[str, SourceRow]:
        """Every source by its URI, sorted."""
        rows = self._run(f"SELECT {SOURCE_COLUMNS} FROM sources ORDER BY uri")
        return {row[0]: SourceRow(*row) for row in rows}

    def put_source(self, row: SourceRow) -> None:
        """Record a source's latest state."""
        self._run(
            f"INSERT OR REPLACE INTO sources ({SOURCE_COLUMNS}) VALUES ({'?,' * 14}?)",
            astuple(row),
        )

    def mark_published(self) -> None:
        """Remember that the live release holds all that is recorded."""
        self._run("UPDATE sources SET is_published = 1")

    def holds_content(self, sha256: str, *, beside: str) -> bool:
        """Whether a document of another source than `beside` was made from these bytes."""
        found = self._run(
            "SELECT 1 FROM documents WHERE version = ? AND uri != ? LIMIT 1", (sha256, beside)
        )
        return found.fetchone() is not None

    def put_document(
        self, uri: str, stored: StoredDocument, chunks: Sequence[Chunk], *, chunked_by: str
    ) -> None:
        """Record document and chunks of a source that is recorded, in place of those it had."""
        self.drop_document(uri)
        self._run(
            f"INSERT INTO documents VALUES ({'?,' * 12} '')",
            _document_row(uri, stored, chunked_by),
        )
        self.history.record(uri)
        self._put_chunks(stored.document.id, chunks)

    def replace_chunks(self, document_id: str, chunks: Sequence[Chunk], *, chunked_by: str) -> None:
        """Record new chunks of a document that itself has not changed."""
        self._run("DELETE FROM chunks WHERE document_id = ?", (document_id,))
        self._run("UPDATE documents SET chunked_by = ? WHERE id = ?", (chunked_by, document_id))
        self._put_chunks(document_id, chunks)

    def _put_chunks(self, document_id: str, chunks: Sequence[Chunk]) -> None:
        self.database.executemany(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?)", map(_chunk_row, chunks)
        )
        write_digest(self.database, document_id)

    def drop_document(self, uri: str) -> None:
        """Remove the document of a source, if it has one."""
        self._run(
            "DELETE FROM chunks WHERE document_id IN (SELECT id FROM documents WHERE uri = ?)",
            (uri,),
        )
        self._run("DELETE FROM documents WHERE uri = ?", (uri,))

    def remove_source(self, uri: str) -> None:
        """Take out a source and its document; what its versions were stays in the history."""
        self.drop_document(uri)
        self._run("DELETE FROM sources WHERE uri = ?", (uri,))

    def archives(self) -> dict[str, tuple[int, int, str]]:
        """Size, time and stamp of each archive whose members are recorded, by its URI."""
        rows = self._run("SELECT uri, size, mtime_ns, stamp FROM archives")
        return {uri: (size, mtime_ns, stamp) for uri, size, mtime_ns, stamp in rows}

    def put_archive(self, uri: str, seen: tuple[int, int, str]) -> None:
        """Remember what an archive was like when its members were recorded."""
        self._run("INSERT OR REPLACE INTO archives VALUES (?,?,?,?)", (uri, *seen))

    def drop_empty_archives(self) -> None:
        """Forget the archives of whose members none is recorded."""
        self._run(
            "DELETE FROM archives WHERE NOT EXISTS (SELECT 1 FROM sources s"
            " WHERE substr(s.uri, 1, length(archives.uri) + 2) = archives.uri || '!/')"
        )

    def has_died(self) -> bool:
        """Whether the last run never came to its end."""
        row = self._run("SELECT finished FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        return row is not None and row[0] is None

    def compact(self) -> None:
        """Write the database anew, so that not even its free pages hold what was deleted."""
        self._run("VACUUM")
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def drop_unused_embeddings(self, *, embedder: str = "") -> int:
        """Remove the embeddings of no chunk, and those not by `embedder`; returns how many."""
        return self._run(
            "DELETE FROM embeddings WHERE hash NOT IN (SELECT embedded_hash FROM chunks)"
            " OR (? != '' AND embedder != ?)",
            (embedder, embedder),
        ).rowcount

    def pins(self) -> set[int]:
        """Numbers of the releases that are kept for ever."""
        return {row[0] for row in self._run("SELECT release FROM pins")}

    def pin(self, release: int, *, is_pinned: bool) -> None:
        """Keep a release for ever, or no longer."""
        self._run("DELETE FROM pins WHERE release = ?", (release,))
        if is_pinned:
            self._run("INSERT INTO pins VALUES (?)", (release,))

    def documents_chunked_otherwise(self, chunked_by: str) -> list[str]:
        """Ids of the documents whose chunks were not made by `chunked_by`."""
        rows = self._run(
            "SELECT id FROM documents WHERE chunked_by != ? ORDER BY id", (chunked_by,)
        )
        return [row[0] for row in rows]

    def document(self, document_id: str) -> StoredDocument:
        """One document by an id that the ledger gave."""
        row = self._run(
            "SELECT id, version, source, title, text, media_type, pages, metadata, access,"
            " is_markdown FROM documents WHERE id = ?",
            (document_id,),
        ).fetchone()
        id_, version, source, title, text, media_type, pages, metadata, access, is_markdown = row
        spans = tuple(Page(number, Span(start, end)) for number, start, end in json.loads(pages))
        readers = tuple(json.loads(access))
        about = metadata_from_json(metadata)
        document = Document(id_, version, source, title, text, media_type, spans, about, readers)
        return StoredDocument(document, bool(is_markdown))

    def content_hash(self) -> str:
        """One sha256 over documents, versions and chunks, in which no order and no time counts."""
        return hash_documents(self.database)

    def texts(self) -> Iterator[tuple[str, str]]:
        """URI and text of each document, sorted."""
        yield from self._run("SELECT uri, text FROM documents ORDER BY uri")

    def places(self) -> Iterator[Place]:
        """Where each source is, also of those without a document."""
        return map(Place._make, self._run("SELECT uri, root, name FROM sources"))

    def versions(self) -> dict[str, str]:
        """The version of each document by its id."""
        return dict(self._run("SELECT id, version FROM documents").fetchall())

    def names(self) -> dict[str, str]:
        """What each document is called, by the URI of its source."""
        return dict(self._run("SELECT uri, source FROM documents").fetchall())

    def rename(self, uri: str, name: str) -> None:
        """Call the document of a source by another name."""
        self._change_document(uri, "source", name)

    def readers(self, uri: str) -> tuple[str, ...] | None:
        """Who may read the document of a source, None where it has none."""
        row = self._run("SELECT access FROM documents WHERE uri = ?", (uri,)).fetchone()
        return tuple(json.loads(row[0])) if row else None

    def set_readers(self, uri: str, access: Sequence[str]) -> None:
        """Change who may read the document of a source."""
        self._change_document(uri, "access", json.dumps(access, ensure_ascii=False))

    def _change_document(self, uri: str, column: str, value: str) -> None:
        sql = f"UPDATE documents SET {column} = ? WHERE uri = ? RETURNING id"
        for (id_,) in self._run(sql, (value, uri)).fetchall():
            write_digest(self.database, id_)

    def count_chunks(self) -> dict[str, int]:
        """Chunks of each source by its URI, those without a document absent."""
        rows = self._run(
            "SELECT d.uri, count(c.id) FROM documents d LEFT JOIN chunks c"
            " ON c.document_id = d.id GROUP BY d.uri"
        )
        return dict(rows.fetchall())

    def measure_chunks(self) -> tuple[int, int]:
        """How many chunks there are, and how many characters they have together."""
        found: tuple[int, int] = self._run(
            "SELECT count(*), coalesce(sum(length(text)), 0) FROM chunks"
        ).fetchone()
        return found

    def begin_run(self, started: str) -> int:
        """Record that a run has begun; returns its id."""
        cursor = self._run("INSERT INTO runs (started) VALUES (?)", (started,))
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, *, finished: str, release: int | None, counts: str) -> None:
        """Record how a run has ended."""
        self._run(
            "UPDATE runs SET finished = ?, release = ?, counts = ? WHERE id = ?",
            (finished, release, counts, run),
        )


def _document_row(uri: str, stored: StoredDocument, chunked_by: str) -> tuple[object, ...]:
    document = stored.document
    pages = [[page.number, page.span.start, page.span.end] for page in document.pages]
    return (
        document.id,
        uri,
        document.version,
        document.source,
        document.title,
        document.media_type,
        document.text,
        json.dumps(pages),
        stored.is_markdown,
        chunked_by,
        metadata_to_json(document.metadata),
        json.dumps(document.access, ensure_ascii=False),
    )


def _chunk_row(chunk: Chunk) -> tuple[object, ...]:
    heading = json.dumps(chunk.heading, ensure_ascii=False)
    span = chunk.span
    key = hashlib.sha256(chunk.embedded_text.encode()).digest()  # of its embedding
    return chunk.id, chunk.document_id, span.start, span.end, chunk.page, heading, chunk.text, key
