"""The `documents.db` of a release, filled from the ledger inside the database engine itself."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.corpus.ledger import Ledger
from rag.domain import PUBLIC, Chunk, Span
from rag.releases.filters import BUILT_IN

BLOCK = 4096  # chosen: vectors in memory at once, 6 MB at 384 dimensions
TABLES = (
    """CREATE TABLE made.documents (id TEXT PRIMARY KEY, version TEXT NOT NULL,
    source TEXT NOT NULL, title TEXT NOT NULL, media_type TEXT NOT NULL, text TEXT NOT NULL,
    pages TEXT NOT NULL, metadata TEXT NOT NULL, access TEXT NOT NULL, digest TEXT NOT NULL)""",
    "CREATE INDEX made.documents_by_digest ON documents(id, digest)",
    """CREATE TABLE made.chunks (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents(id), start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL,
    vector TEXT NOT NULL)""",
    "CREATE INDEX made.chunks_by_document ON chunks(document_id, start)",
    "CREATE INDEX made.chunks_by_vector ON chunks(vector, id)",
    """CREATE TABLE made.readers (principal TEXT NOT NULL, document_id TEXT NOT NULL,
    PRIMARY KEY (principal, document_id)) WITHOUT ROWID""",
    """CREATE TABLE made.labels (field TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL,
    document_id TEXT NOT NULL, PRIMARY KEY (field, kind, value, document_id)) WITHOUT ROWID""",
    "CREATE INDEX made.labels_by_document ON labels(document_id)",
    """CREATE TABLE made.extents (document_id TEXT PRIMARY KEY, "first" INTEGER NOT NULL,
    "last" INTEGER NOT NULL) WITHOUT ROWID""",
)
OF_DOCUMENTS = ("chunks", "readers", "labels", "extents")
DOCUMENTS = "id, version, source, title, media_type, text, pages, metadata, access, digest"
VECTOR = "lower(hex(substr(c.embedded_hash, 1, 10)))"  # chunks of one name have one vector
CHUNKS = f'c.id, c.document_id, c.start, c."end", c.page, c.heading, c.text, {VECTOR}'
OUTDATED = """SELECT m.id FROM made.documents m
    LEFT JOIN main.documents d ON d.id = m.id AND d.digest = m.digest WHERE d.id IS NULL"""
HIDDEN = f"""SELECT 1 FROM ({OUTDATED}) o WHERE NOT EXISTS (SELECT 1 FROM made.readers r
    WHERE r.document_id = o.id AND r.principal = '{PUBLIC}') LIMIT 1"""
MISSING_IDS = "(SELECT id FROM temp.missing)"
KIND = """CASE v.type WHEN 'text' THEN 'text' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number'
    ELSE 'boolean' END"""
FILL = (
    f"""INSERT INTO made.documents SELECT {DOCUMENTS} FROM main.documents
    WHERE id IN {MISSING_IDS} ORDER BY source, id""",
    f"""INSERT INTO made.readers SELECT DISTINCT a.value, d.id
    FROM main.documents d, json_each(d.access) a WHERE d.id IN {MISSING_IDS}""",
    *(
        f"""INSERT INTO made.labels SELECT '{field}', 'text', {column}, id FROM main.documents
        WHERE id IN {MISSING_IDS}"""
        for field, column in zip(BUILT_IN, ("id", "media_type", "source", "title"), strict=True)
    ),
    f"""INSERT OR IGNORE INTO made.labels SELECT v.field, {KIND}, v.value, v.id FROM (
    SELECT d.id, m.key AS field, e.type, e.atom AS value FROM main.documents d,
    json_each(d.metadata) m,
    json_each(d.metadata, m.fullkey) e
    WHERE d.id IN {MISSING_IDS} AND m.key NOT IN {BUILT_IN}) v WHERE v.value IS NOT NULL""",
)
EXTENTS = f"""INSERT INTO made.extents SELECT document_id, min(row), max(row) FROM made.chunks
    WHERE document_id IN {MISSING_IDS} GROUP BY document_id"""
MISSING = """SELECT d.id FROM main.documents d
    LEFT JOIN made.documents m ON m.id = d.id AND m.digest = d.digest WHERE m.id IS NULL"""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a release has of documents to be taken out or put in anew: chunks, and their vectors.

    `new` are the vectors that the ledger holds and the release does not. `is_hidden` where one of
    the documents is not public: an index that only marks its chunks as gone counts their words.
    """

    replaced: list[str]
    vectors: list[str]
    new: list[str]
    is_hidden: bool


class Rows:
    """The tables of a release under way, attached to a connection as `made`."""

    def __init__(self, database: sqlite3.Connection, first: int = 0) -> None:
        self._database = database
        self._first = first

    def fill(self) -> None:
        """Put in what the ledger holds, chunks in order of source and place from row `first` on.

        What the tables hold of outdated documents is taken out before.
        """
        run = self._database.execute
        run(f"CREATE TEMP TABLE missing AS {MISSING}")
        run(f"CREATE TEMP TABLE outdated AS {OUTDATED}")
        for table in OF_DOCUMENTS:
            run(f"DELETE FROM made.{table} WHERE document_id IN (SELECT id FROM temp.outdated)")
        run("DELETE FROM made.documents WHERE id IN (SELECT id FROM temp.outdated)")
        for statement in FILL:
            run(statement)
        run(
            "INSERT INTO made.chunks"
            ' (row, id, document_id, start, "end", page, heading, text, vector)'
            f" SELECT ? + row_number() OVER (ORDER BY d.source, d.id, c.start) - 1, {CHUNKS}"
            " FROM main.chunks c JOIN main.documents d ON d.id = c.document_id"
            " WHERE d.id IN (SELECT id FROM temp.missing) ORDER BY d.source, d.id, c.start",
            (self._first,),
        )
        run(EXTENTS)
        run("DROP TABLE temp.missing")
        run("DROP TABLE temp.outdated")

    def count_documents(self) -> int:
        """How many documents the release holds."""
        return self._number("SELECT count(*) FROM made.documents")

    def ids(self) -> list[str]:
        """All chunks, those filled in before too, in order of their rows."""
        return _column(self._database.execute("SELECT id FROM made.chunks ORDER BY row"))

    def count_filled(self) -> int:
        """How many chunks there are from row `first` on."""
        return self._number("SELECT count(*) FROM made.chunks WHERE row >= ?", self._first)

    def count_vectors(self) -> int:
        """How many different vectors the chunks have."""
        return self._number("SELECT count(DISTINCT vector) FROM made.chunks")

    def _number(self, sql: str, *parameters: int) -> int:
        return int(self._database.execute(sql, parameters).fetchone()[0])

    def named_rows(self) -> dict[str, int]:
        """The different vectors of the chunks from row `first` on, each with a row that has it."""
        sql = "SELECT vector, min(row) FROM made.chunks WHERE row >= ? GROUP BY vector"
        return dict(self._database.execute(sql, (self._first,)).fetchall())

    def absent(self, vectors: Sequence[str]) -> list[str]:
        """Those of `vectors` that no chunk has."""
        sql = """SELECT n.value FROM json_each(?) n
            WHERE NOT EXISTS (SELECT 1 FROM made.chunks c WHERE c.vector = n.value)"""
        return _column(self._database.execute(sql, (json.dumps(vectors),)))

    def discard_embeddings(self, embedder: str, rows: Sequence[int]) -> None:
        """Take the embeddings of the chunks in `rows` out of the ledger."""
        self._database.execute(
            "DELETE FROM main.embeddings WHERE embedder = ? AND hash IN (SELECT c.embedded_hash"
            " FROM main.chunks c JOIN made.chunks r ON r.id = c.id"
            " WHERE r.row IN (SELECT value FROM json_each(?)))",
            (embedder, json.dumps(rows)),
        )

    def source(self, row: int) -> str:
        """The source of the chunk in `row`."""
        sql = """SELECT d.source FROM made.chunks c JOIN made.documents d ON d.id = c.document_id
            WHERE c.row = ?"""
        return str(self._database.execute(sql, (row,)).fetchone()[0])

    def chunks(self, *, all_of_them: bool = False) -> Iterator[Chunk]:
        """The chunks from row `first` on, or all, without their places."""
        rows = "SELECT id, document_id, heading, text FROM made.chunks WHERE row >= ? ORDER BY row"
        for id_, document_id, heading, text in self._database.execute(
            rows, (0 if all_of_them else self._first,)
        ):
            path = tuple(json.loads(heading))
            yield Chunk(id_, document_id, Span(0, len(text)), text, heading=path)

    def vectors(self, embedder: str) -> Iterator[list[bytes]]:
        """The embeddings of the chunks from row `first` on, in blocks."""
        found = self._database.execute(
            "SELECT e.vector FROM made.chunks r CROSS JOIN main.chunks c ON c.id = r.id"
            " CROSS JOIN main.embeddings e ON e.hash = c.embedded_hash AND e.embedder = ?"
            " WHERE r.row >= ? ORDER BY r.row",
            (embedder, self._first),
        )
        while block := found.fetchmany(BLOCK):
            yield [row[0] for row in block]


@contextmanager
def filled(ledger: Ledger, path: Path, *, first: int = 0) -> Iterator[Rows]:
    """The tables in the file at `path`, made if it is missing, brought to what the ledger holds.

    What they lack comes in rows from `first` on.
    """
    is_new = not path.exists()
    with attached(ledger.database, str(path)):
        for statement in TABLES if is_new else ():
            ledger.database.execute(statement)
        rows = Rows(ledger.database, first)
        with ledger.transaction():
            rows.fill()
        yield rows


def compare(ledger: Ledger, documents: Path) -> Difference:
    """What the ledger holds and a release's `documents.db` does not, and the other way round."""
    with attached(ledger.database, f"{documents.resolve().as_uri()}?mode=ro&immutable=1"):
        run = ledger.database.execute
        outdated = f"FROM made.chunks WHERE document_id IN ({OUTDATED})"
        return Difference(
            replaced=_column(run(f"SELECT id {outdated}")),
            vectors=_column(run(f"SELECT DISTINCT vector {outdated}")),
            new=_column(
                run(
                    f"SELECT DISTINCT {VECTOR} AS wanted FROM main.chunks c"
                    f" WHERE c.document_id IN ({MISSING}) AND NOT EXISTS"
                    " (SELECT 1 FROM made.chunks m WHERE m.vector = wanted)"
                )
            ),
            is_hidden=bool(run(HIDDEN).fetchone()),
        )


@contextmanager
def attached(database: sqlite3.Connection, path: str) -> Iterator[None]:
    """A `documents.db`, by its path or as a URI that is only read, as `made` of a connection."""
    database.execute("ATTACH ? AS made", (path,))
    try:
        if not path.startswith("file:"):
            database.execute("PRAGMA made.journal_mode = OFF")
            database.execute("PRAGMA made.synchronous = OFF")
        yield
    except BaseException:
        with suppress(sqlite3.OperationalError):  # what failed may not have read to its end
            database.execute("DETACH made")
        raise
    database.execute("DETACH made")


def _column(rows: Iterator[tuple[str]]) -> list[str]:
    return [row[0] for row in rows]
