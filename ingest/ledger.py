"""The ledger: what a corpus is made of, the one truth from which every release can be built."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal

from rag.domain import Chunk, Document, Page, Span
from rag.errors import StorageError

State = Literal["indexed", "unchanged", "duplicate", "empty", "quarantined", "removed"]

FORMAT = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    uri TEXT PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, extractor TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, is_published INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sources_by_content ON sources(sha256);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, uri TEXT NOT NULL UNIQUE, version TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, media_type TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL,
    is_markdown INTEGER NOT NULL, chunked_by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL, embedded_hash BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks(document_id, start);
CREATE TABLE IF NOT EXISTS embeddings (
    embedder TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, hash));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT, release INTEGER, counts TEXT);
CREATE TABLE IF NOT EXISTS tombstones (
    document_id TEXT NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, removed TEXT NOT NULL);
"""
SOURCE_COLUMNS = "uri, root, name, size, mtime_ns, sha256, extractor, state, reason, is_published"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the ledger remembers of a source; `is_published` once a release was made since."""

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


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document and whether its text is Markdown, so that it can be cut into chunks again."""

    document: Document
    is_markdown: bool


def hash_embedded(chunk: Chunk) -> bytes:
    """The key of a chunk's embedding: sha256 of the text that is embedded."""
    return hashlib.sha256(chunk.embedded_text.encode()).digest()


class Ledger:
    """One corpus' database, durable after each transaction; for one writer."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes made inside are kept together, or none."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def sources(self) -> dict[str, SourceRow]:
        """Every source by its URI, sorted."""
        rows = self.database.execute(f"SELECT {SOURCE_COLUMNS} FROM sources ORDER BY uri")
        return {row[0]: _read_source(row) for row in rows}

    def put_source(self, row: SourceRow) -> None:
        """Record a source's latest state."""
        self.database.execute(
            f"INSERT OR REPLACE INTO sources ({SOURCE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",
            astuple(row),
        )

    def mark_published(self) -> None:
        """Remember that the live release holds all that is recorded."""
        self.database.execute("UPDATE sources SET is_published = 1")

    def holds_content(self, sha256: str, *, beside: str) -> bool:
        """Whether a document of another source than `beside` was made from these bytes."""
        found = self.database.execute(
            "SELECT 1 FROM documents WHERE version = ? AND uri != ? LIMIT 1", (sha256, beside)
        )
        return found.fetchone() is not None

    def put_document(
        self, uri: str, stored: StoredDocument, chunks: Sequence[Chunk], *, chunked_by: str
    ) -> None:
        """Record a source's document and chunks in place of those it had."""
        self.drop_document(uri)
        self.database.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?)",
            _document_row(uri, stored, chunked_by),
        )
        self._put_chunks(chunks)

    def replace_chunks(self, document_id: str, chunks: Sequence[Chunk], *, chunked_by: str) -> None:
        """Record new chunks of a document that itself has not changed."""
        self.database.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))
        self.database.execute(
            "UPDATE documents SET chunked_by = ? WHERE id = ?", (chunked_by, document_id)
        )
        self._put_chunks(chunks)

    def _put_chunks(self, chunks: Sequence[Chunk]) -> None:
        self.database.executemany(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?)", map(_chunk_row, chunks)
        )

    def drop_document(self, uri: str) -> None:
        """Remove the document of a source, if it has one."""
        self.database.execute(
            "DELETE FROM chunks WHERE document_id IN (SELECT id FROM documents WHERE uri = ?)",
            (uri,),
        )
        self.database.execute("DELETE FROM documents WHERE uri = ?", (uri,))

    def remove_source(self, uri: str, *, at: str) -> None:
        """Forget a source and its document, leaving a tombstone."""
        self.database.execute(
            "INSERT INTO tombstones SELECT id, version, source, ? FROM documents WHERE uri = ?",
            (at, uri),
        )
        self.drop_document(uri)
        self.database.execute("DELETE FROM sources WHERE uri = ?", (uri,))

    def documents_chunked_otherwise(self, chunked_by: str) -> list[str]:
        """Ids of the documents whose chunks were not made by `chunked_by`."""
        rows = self.database.execute(
            "SELECT id FROM documents WHERE chunked_by != ? ORDER BY id", (chunked_by,)
        )
        return [row[0] for row in rows]

    def document(self, document_id: str) -> StoredDocument:
        """One document by an id that the ledger gave."""
        row = self.database.execute(
            "SELECT id, version, source, title, text, media_type, pages, is_markdown"
            " FROM documents WHERE id = ?",
            (document_id,),
        ).fetchone()
        pages = tuple(Page(number, Span(start, end)) for number, start, end in json.loads(row[6]))
        id_, version, source, title, text, media_type = row[:6]
        document = Document(id_, version, source, title, text, media_type, pages)
        return StoredDocument(document, bool(row[7]))

    def count_chunks(self) -> dict[str, int]:
        """Chunks of each source by its URI, those without a document absent."""
        rows = self.database.execute(
            "SELECT d.uri, count(c.id) FROM documents d LEFT JOIN chunks c"
            " ON c.document_id = d.id GROUP BY d.uri"
        )
        return dict(rows.fetchall())

    def begin_run(self, started: str) -> int:
        """Record that a run has begun; returns its id."""
        cursor = self.database.execute("INSERT INTO runs (started) VALUES (?)", (started,))
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, *, finished: str, release: int | None, counts: str) -> None:
        """Record how a run has ended."""
        self.database.execute(
            "UPDATE runs SET finished = ?, release = ?, counts = ? WHERE id = ?",
            (finished, release, counts, run),
        )


def _read_source(row: tuple[Any, ...]) -> SourceRow:  # rows of SQLite are untyped
    return SourceRow(**dict(zip(SOURCE_COLUMNS.split(", "), row, strict=True)))


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
    )


def _chunk_row(chunk: Chunk) -> tuple[object, ...]:
    heading = json.dumps(chunk.heading, ensure_ascii=False)
    span = chunk.span
    key = hash_embedded(chunk)
    return chunk.id, chunk.document_id, span.start, span.end, chunk.page, heading, chunk.text, key


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """The ledger at `path`, made if it is missing. Any fault of it becomes a StorageError."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, FORMAT):
                raise StorageError(f"{path} was written by another version of Plumbline")
            if version == 0:
                database.executescript(f"{SCHEMA} PRAGMA user_version = {FORMAT};")
            yield Ledger(database)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"the ledger {path} cannot be used: {error}") from error
