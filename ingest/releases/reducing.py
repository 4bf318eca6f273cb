"""A release made from another one by leaving documents out, with no part of the old one kept."""

import shutil
import sqlite3
from collections.abc import Set
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ingest.clock import now_utc
from ingest.corpus.schema import hash_documents
from ingest.releases.building import Base, Engines, write_indexes
from ingest.releases.documents_db import OF_DOCUMENTS, Rows, attached
from rag.releases.manifest import Manifest, hash_ids

READ_OF_A_BASE = {"documents.db", "vectors.npy"}


def build_without(
    gone: Set[str], base: Base, folder: Path, number: int, engines: Engines
) -> Manifest:
    """Write release `number`, still to be sealed: all of `base` but the documents `gone`."""
    folder.mkdir(parents=True)
    documents = folder / "documents.db"
    shutil.copyfile(base.folder / "documents.db", documents)
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as database,
        attached(database, str(documents)),
    ):
        kept = _leave_out(database, gone)
        rows = Rows(database)
        vectors = np.load(base.folder / "vectors.npy", mmap_mode="r")[kept]
        np.save(folder / "vectors.npy", vectors)
        write_indexes(folder, rows, vectors, base.manifest.language, engines)
        ids = rows.ids()
        manifest = replace(
            base.manifest,
            release=number,
            created=now_utc(),
            documents=rows.count_documents(),
            chunks=len(ids),
            content_hash=hash_documents(database),
            chunk_ids_hash=hash_ids(ids),
            based_on=None,
            replaced=0,
            vectors=rows.count_vectors(),
            search="exact",
        )
    manifest.save(folder)
    return manifest


def _leave_out(database: sqlite3.Connection, gone: Set[str]) -> list[int]:
    """Take documents out and number the rows of the others anew; the rows that these had."""
    run = database.execute
    run("BEGIN")
    named = [(id_,) for id_ in gone]
    for table in OF_DOCUMENTS:
        database.executemany(f"DELETE FROM made.{table} WHERE document_id = ?", named)
    database.executemany("DELETE FROM made.documents WHERE id = ?", named)
    rows = [row for (row,) in run("SELECT row FROM made.chunks ORDER BY row").fetchall()]
    database.executemany("UPDATE made.chunks SET row = ? WHERE row = ?", enumerate(rows))
    run("DELETE FROM made.extents")
    extents = "SELECT document_id, min(row), max(row) FROM made.chunks GROUP BY document_id"
    run(f"INSERT INTO made.extents {extents}")
    run("COMMIT")
    run("VACUUM made")
    return rows
