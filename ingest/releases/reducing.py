"""A release made from another one by leaving documents out, with no part of the old one kept."""

import json
import sqlite3
from collections.abc import Iterator, Set
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ingest.clock import now_utc
from ingest.corpus.schema import hash_documents
from ingest.releases.building import Base, Engines, storage_errors
from rag.domain import Chunk, Span
from rag.releases.chunks import lexical_entries
from rag.releases.manifest import Manifest, hash_ids

READ_OF_A_BASE = {"documents.db", "vectors.npy"}
OF_DOCUMENT = ("chunks", "readers", "labels", "extents")


def build_without(
    gone: Set[str], base: Base, folder: Path, number: int, engines: Engines
) -> Manifest:
    """Write release `number` of all that `base` holds but the documents `gone`, still to be sealed.

    Raises StorageError.
    """
    vector_index, lexical_index = engines
    with storage_errors(folder):
        folder.mkdir(parents=True)
        target = folder / "documents.db"
        source = f"{(base.folder / 'documents.db').resolve().as_uri()}?mode=ro&immutable=1"
        with (
            closing(sqlite3.connect(source, uri=True)) as whole,
            closing(sqlite3.connect(target, isolation_level=None)) as database,
        ):
            whole.backup(database)
            rows = _leave_out(database, gone)
            vectors = np.load(base.folder / "vectors.npy", mmap_mode="r")[rows]
            np.save(folder / "vectors.npy", vectors)
            ids = [id_ for (id_,) in database.execute("SELECT id FROM chunks ORDER BY row")]
            sql = "SELECT vector, min(row) FROM chunks GROUP BY vector"
            named = dict(database.execute(sql).fetchall())
            places = np.fromiter(named.values(), np.int64, len(named))
            vector_index.write(folder / "chroma", list(named), places, vectors)
            entries = lexical_entries(_chunks(database))
            lexical_index.write(folder / "lexical", entries, base.manifest.language)
            manifest = replace(
                base.manifest,
                release=number,
                created=now_utc(),
                documents=database.execute("SELECT count(*) FROM documents").fetchone()[0],
                chunks=len(ids),
                content_hash=hash_documents(database),
                chunk_ids_hash=hash_ids(ids),
                based_on=None,
                replaced=0,
                vectors=len(named),
                search="exact",
            )
        (folder / "manifest.json").write_text(manifest.to_json())
    return manifest


def _leave_out(database: sqlite3.Connection, gone: Set[str]) -> list[int]:
    """Take documents out and number the rows of the others anew; the rows that these had."""
    run = database.execute
    run("PRAGMA journal_mode = OFF")
    run("BEGIN")
    named = [(id_,) for id_ in gone]
    for table in OF_DOCUMENT:
        database.executemany(f"DELETE FROM {table} WHERE document_id = ?", named)
    database.executemany("DELETE FROM documents WHERE id = ?", named)
    rows = [row for (row,) in run("SELECT row FROM chunks ORDER BY row").fetchall()]
    database.executemany("UPDATE chunks SET row = ? WHERE row = ?", enumerate(rows))
    run("DELETE FROM extents")
    run("INSERT INTO extents SELECT document_id, min(row), max(row) FROM chunks GROUP BY 1")
    run("COMMIT")
    run("VACUUM")
    return rows


def _chunks(database: sqlite3.Connection) -> Iterator[Chunk]:
    found = database.execute("SELECT id, document_id, heading, text FROM chunks ORDER BY row")
    for id_, document_id, heading, text in found:
        path = tuple(json.loads(heading))
        yield Chunk(id_, document_id, Span(0, len(text)), text, heading=path)
