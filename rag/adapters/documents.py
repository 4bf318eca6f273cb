"""Texts and chunks of a release, read from its `documents.db`."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.domain import PUBLIC, Chunk, Document, DocumentRef, Page, Span, metadata_from_json
from rag.errors import DocumentNotFound, ReleaseBroken

CHUNK = """SELECT c.id, c.document_id, c.start, c."end", c.text, c.page, c.heading,
                  d.version, d.source, d.title
           FROM chunks c JOIN documents d ON d.id = c.document_id"""
READABLE = f"d.id IN (SELECT document_id FROM readers WHERE principal = '{PUBLIC}')"
SQL_VARIABLES = 500
CACHED_DOCUMENTS = 64


class SqliteDocumentStore:
    """Reads the database without ever writing to it; safe to share between threads.

    What is not public is not there for anybody yet.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ReleaseBroken(f"{path} is missing")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._load = lru_cache(maxsize=CACHED_DOCUMENTS)(self._read_document)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise ReleaseBroken(f"the release's documents.db cannot be read: {error}") from error

    def _rows_for(self, sql: str, ids: Sequence[str]) -> Iterator[Any]:
        for at in range(0, len(ids), SQL_VARIABLES):
            some = ids[at : at + SQL_VARIABLES]
            yield from self._rows(sql.format(marks=",".join("?" * len(some))), some)

    def chunks(self, ids: Sequence[str]) -> dict[str, tuple[Chunk, DocumentRef]]:
        """The chunks with these ids and their documents; unknown ids are absent."""
        rows = self._rows_for(f"{CHUNK} WHERE {READABLE} AND c.id IN ({{marks}})", ids)
        return {row[0]: _read_chunk(row) for row in rows}

    def neighbours(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each id the ids of the chunks directly before and after it in its document."""
        sql = """SELECT c.id, n.id FROM chunks c JOIN chunks n
                 ON n.row IN (c.row - 1, c.row + 1) AND n.document_id = c.document_id
                 WHERE c.id IN ({marks}) ORDER BY n.row"""
        beside: dict[str, tuple[str, ...]] = {}
        for id_, neighbour in self._rows_for(sql, ids):
            beside[id_] = (*beside.get(id_, ()), neighbour)
        return beside

    def document(self, document_id: str) -> Document:
        """The whole document. Raises DocumentNotFound."""
        return self._load(document_id)

    def _read_document(self, document_id: str) -> Document:
        rows = self._rows(
            "SELECT id, version, source, title, text, media_type, pages, metadata, access"
            f" FROM documents d WHERE {READABLE} AND id = ?",
            (document_id,),
        )
        if not rows:
            raise DocumentNotFound(f"no document {document_id[:80]!r} in this release")
        id_, version, source, title, text, media_type, pages, metadata, access = rows[0]
        spans = tuple(Page(number, Span(start, end)) for number, start, end in json.loads(pages))
        readers = tuple(json.loads(access))
        about = metadata_from_json(metadata)
        return Document(id_, version, source, title, text, media_type, spans, about, readers)

    def sample(self, count: int) -> list[Chunk]:
        """At most `count` chunks from all over the release, the same each time."""
        total = self._rows("SELECT count(*) FROM chunks")[0][0]
        step = max(1, total // count)
        rows = self._rows(
            "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM chunks)"
            " WHERE place % ? = 0 LIMIT ?",
            (step, count),
        )
        found = self.chunks([row[0] for row in rows])
        return [found[row[0]][0] for row in rows if row[0] in found]

    def chunk_ids(self, document_id: str) -> list[str]:
        """The chunks of a document, in order."""
        rows = self._rows(
            "SELECT id FROM chunks WHERE document_id = ? ORDER BY start", (document_id,)
        )
        return [row[0] for row in rows]

    def references(self) -> list[DocumentRef]:
        """All documents, in order of their source."""
        rows = self._rows(
            f"SELECT id, version, source, title FROM documents d WHERE {READABLE} ORDER BY source"
        )
        return [DocumentRef(*row) for row in rows]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()


def _read_chunk(row: Any) -> tuple[Chunk, DocumentRef]:
    id_, document_id, start, end, text, page, heading, version, source, title = row
    chunk = Chunk(id_, document_id, Span(start, end), text, page, tuple(json.loads(heading)))
    return chunk, DocumentRef(document_id, version, source, title)
