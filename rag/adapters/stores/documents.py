"""Texts and chunks of a release, read from its `documents.db`."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from copy import copy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.adapters.indexes.counted_words import ChunkWords
from rag.adapters.stores.families import Families
from rag.adapters.stores.readable import Selection
from rag.domain import Chunk, Document, DocumentRef, Page, Span, metadata_from_json
from rag.errors import DocumentNotFound
from rag.ports import Subset
from rag.releases.editions import Edition, today
from rag.releases.files import ReleaseDatabase
from rag.releases.filters import Condition

CHUNK_FIELDS = """c.id, c.document_id, c.start, c."end", c.text, c.page, c.heading,
                  d.version, d.source, d.title
           FROM chunks c JOIN documents d ON d.id = c.document_id"""
GIVEN = "(SELECT value FROM json_each(?))"  # a JSON list
READABLE = f"""EXISTS (SELECT 1 FROM readers r WHERE r.document_id = d.id
               AND r.principal IN {GIVEN})"""
HIDDEN = f"SELECT 1 FROM documents d WHERE NOT {READABLE} LIMIT 1"
ROWS_AT_ONCE = 5000  # chosen: some megabytes of text
CACHED_DOCUMENTS = 64  # chosen: the documents of a few answers, with their texts
CACHED_READERS = 256  # chosen: sets of principals, one truth value each
KEPT_HEADINGS = 4096  # chosen: those of the chunks that are found often
CACHE_KB = 65_536  # lookups of ids in a large release: half the time of SQLite's own 2 MB


class SqliteDocumentStore:
    """Reads the database without ever writing to it; safe to share between threads.

    As opened it shows every document; `as_read_by` shows what some readers may see.
    """

    def __init__(self, path: Path, *, today: Callable[[], str] = today) -> None:
        self.today = today
        self._database = ReleaseDatabase(path)
        self._rows = self._database.rows
        self._rows(f"PRAGMA cache_size = -{CACHE_KB}")
        self._load = lru_cache(maxsize=CACHED_DOCUMENTS)(self._read_document)
        self._selection = Selection(self._rows)
        self._families = Families(self._rows)
        self._hides_from = lru_cache(maxsize=CACHED_READERS)(self._find_hidden)
        self._readers: str | None = None  # a JSON list; None: nobody is shut out

    def as_read_by(self, readers: Set[str]) -> "SqliteDocumentStore":
        """The same store, in which there is only what one of `readers` may read."""
        view = copy(self)
        principals = json.dumps(sorted(readers))
        view._readers = principals if self._hides_from(principals) else None
        return view

    def _find_hidden(self, principals: str) -> bool:
        return bool(self._rows(HIDDEN, (principals,)))

    def subset(self, conditions: Sequence[Condition]) -> Subset | None:
        """The documents shown that meet all `conditions`, None where these are all there are.

        Raises InvalidFilter for a field that they lack or that holds other kinds of values.
        """
        if self._readers is None and not conditions:
            return None
        return self._selection.find(self._readers, tuple(conditions))

    def _rows_of(self, ids: Sequence[str], sql: str, also: Sequence[str] = ()) -> list[Any]:
        return self._rows(sql, [json.dumps([*ids]), *also])

    def _shown(self, sql: str) -> tuple[str, list[str]]:
        """`sql` over documents `d` that may be read, and the values it needs."""
        return (sql, []) if self._readers is None else (f"{sql} AND {READABLE}", [self._readers])

    def chunks(self, ids: Sequence[str]) -> dict[str, tuple[Chunk, DocumentRef]]:
        """The chunks with these ids and their documents; unknown ids are absent."""
        sql, readers = self._shown(f"SELECT {CHUNK_FIELDS} WHERE c.id IN {GIVEN}")
        found = [_read_chunk(row) for row in self._rows_of(ids, sql, readers)]
        dated = self._date({reference.id: reference for _, reference in found}.values())
        return {chunk.id: (chunk, dated[reference.id]) for chunk, reference in found}

    def _date(self, references: Collection[DocumentRef]) -> dict[str, DocumentRef]:
        """References with the days of their documents and what is in force instead, by id."""
        families = self._families.find([each.id for each in references], self._readers)
        return {each.id: self._complete(each, families[each.id]) for each in references}

    def _complete(self, reference: DocumentRef, family: Sequence[Edition]) -> DocumentRef:
        own = next(each for each in family if each.id == reference.id)
        return replace(
            reference,
            date=own.date or None,
            valid_from=own.valid_from or None,
            valid_to=own.valid_to or None,
            superseded_by=self._superseded_by(own.id),
        )

    def family(self, document_id: str) -> tuple[Edition, ...]:
        """The versions of a document that are shown, itself among them. Raises DocumentNotFound."""
        self.document(document_id)
        return self._families.find([document_id], self._readers)[document_id]

    def words(self) -> Iterator[ChunkWords]:
        """Every chunk of the release with the text that is indexed of it, whoever may read it."""
        last = -1
        sql = f"SELECT c.row, {CHUNK_FIELDS} WHERE c.row > ? ORDER BY c.row LIMIT {ROWS_AT_ONCE}"
        while found := self._rows(sql, (last,)):
            for row, *fields in found:
                chunk, _ = _read_chunk(fields)
                yield ChunkWords(row, chunk.id, chunk.document_id, chunk.embedded_text)
            last = found[-1][0]

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The row in `vectors.npy` of each of these chunks; unknown ids are absent."""
        return dict(self._rows_of(ids, f"SELECT id, row FROM chunks WHERE id IN {GIVEN}"))

    def owners(self, ids: Sequence[str]) -> dict[str, str]:
        """The document of each of these chunks, by id."""
        return dict(self._rows_of(ids, f"SELECT id, document_id FROM chunks WHERE id IN {GIVEN}"))

    def neighbours(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each id the ids of the chunks directly before and after it in its document."""
        sql = f"""SELECT c.id, n.id FROM chunks c JOIN chunks n
                 ON n.row IN (c.row - 1, c.row + 1) AND n.document_id = c.document_id
                 WHERE c.id IN {GIVEN} ORDER BY n.row"""
        beside: dict[str, tuple[str, ...]] = {}
        for id_, neighbour in self._rows_of(ids, sql):
            beside[id_] = (*beside.get(id_, ()), neighbour)
        return beside

    def chunk_at(self, document_id: str, offset: int) -> Chunk | None:
        """The last chunk of a document that begins at or before character `offset`."""
        sql, readers = self._shown(
            f"SELECT {CHUNK_FIELDS} WHERE c.document_id = ? AND c.start <= ?"
        )
        rows = self._rows(f"{sql} ORDER BY c.start DESC LIMIT 1", (document_id, offset, *readers))
        return _read_chunk(rows[0])[0] if rows else None

    def document(self, document_id: str) -> Document:
        """The whole document. Raises DocumentNotFound."""
        document = self._load(document_id)
        if self._readers is not None and not set(json.loads(self._readers)) & set(document.access):
            raise _not_found(document_id)
        return replace(document, superseded_by=self._superseded_by(document_id))

    def _superseded_by(self, document_id: str) -> str | None:
        return self._families.superseded_by(document_id, self._readers, self.today())

    def _read_document(self, document_id: str) -> Document:
        rows = self._rows(
            "SELECT id, version, source, title, text, media_type, pages, metadata, access"
            " FROM documents WHERE id = ?",
            (document_id,),
        )
        if not rows:
            raise _not_found(document_id)
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
        """All documents shown, in order of their source."""
        sql, readers = self._shown("SELECT id, version, source, title FROM documents d WHERE TRUE")
        found = self._rows(f"{sql} ORDER BY source", readers)
        return list(self._date([DocumentRef(*row) for row in found]).values())

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _not_found(document_id: str) -> DocumentNotFound:
    return DocumentNotFound(f"no document {document_id[:80]!r} in this release")


def _read_chunk(row: Any) -> tuple[Chunk, DocumentRef]:
    id_, document_id, start, end, text, page, heading, version, source, title = row
    chunk = Chunk(id_, document_id, Span(start, end), text, page, _read_heading(heading))
    return chunk, DocumentRef(document_id, version, source, title)


@lru_cache(maxsize=KEPT_HEADINGS)
def _read_heading(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))
