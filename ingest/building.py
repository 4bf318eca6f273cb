"""The folder of a release, written fresh from the ledger."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.ledger import Ledger
from rag.domain import RELEASE_FORMAT, Chunk, Manifest, Span, hash_ids
from rag.errors import StorageError
from rag.ports import LexicalIndexBuilder, VectorIndexBuilder, Vectors

DOCUMENTS_SCHEMA = """
CREATE TABLE documents (id TEXT PRIMARY KEY, version TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, media_type TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL);
CREATE TABLE chunks (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents(id), start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX chunks_by_document ON chunks(document_id, start);
"""
IN_ORDER = "documents d ON d.id = c.document_id ORDER BY d.source, d.id, c.start"


@dataclass(frozen=True, slots=True)
class Engines:
    """The writers of a release's two indexes."""

    vectors: VectorIndexBuilder
    lexical: LexicalIndexBuilder


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a release's content depends on besides the documents."""

    corpus: str
    language: str
    embedder: str
    chunker: str


def hash_content(ledger: Ledger) -> str:
    """One sha256 over documents, versions and chunks, in which no order and no time counts."""
    digest = hashlib.sha256()
    for row in ledger.database.execute(
        "SELECT d.id, d.version, d.source, c.id FROM documents d"
        " LEFT JOIN chunks c ON c.document_id = d.id ORDER BY d.id, c.id"
    ):
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def is_current(manifest: Manifest | None, recipe: Recipe, content_hash: str) -> bool:
    """Whether a release already holds just this content, made in just this way."""
    return manifest is not None and (
        manifest.format == RELEASE_FORMAT
        and manifest.content_hash == content_hash
        and manifest.embedder == recipe.embedder
        and manifest.chunker == recipe.chunker
        and manifest.language == recipe.language
    )


def build(
    ledger: Ledger, folder: Path, recipe: Recipe, *, number: int, created: str, engines: Engines
) -> Manifest:
    """Write release `number` into the new `folder`. Raises StorageError."""
    try:
        folder.mkdir(parents=True)
        documents = _write_documents(ledger, folder / "documents.db")
        ids, vectors = _read_vectors(ledger, recipe.embedder)
        np.save(folder / "vectors.npy", vectors)
        engines.vectors.write(folder / "chroma", ids, vectors)
        engines.lexical.write(folder / "lexical", _embedded_texts(ledger), recipe.language)
        manifest = Manifest(
            format=RELEASE_FORMAT,
            corpus=recipe.corpus,
            release=number,
            created=created,
            documents=documents,
            chunks=len(ids),
            dimensions=vectors.shape[1],
            language=recipe.language,
            embedder=recipe.embedder,
            embedder_precision=recipe.embedder.rpartition(":")[2],
            chunker=recipe.chunker,
            content_hash=hash_content(ledger),
            chunk_ids_hash=hash_ids(ids),
        )
        (folder / "manifest.json").write_text(manifest.to_json())
    except OSError as error:
        raise StorageError(f"the release cannot be written: {error}") from error
    return manifest


def _write_documents(ledger: Ledger, path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"PRAGMA journal_mode = OFF; {DOCUMENTS_SCHEMA}")
        database.executemany(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?)",
            ledger.database.execute(
                "SELECT id, version, source, title, media_type, text, pages FROM documents"
                " ORDER BY source, id"
            ),
        )
        chunks = ledger.database.execute(
            'SELECT c.id, c.document_id, c.start, c."end", c.page, c.heading, c.text'
            f" FROM chunks c JOIN {IN_ORDER}"
        )
        database.executemany(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?)",
            ((row, *chunk) for row, chunk in enumerate(chunks)),
        )
        database.commit()
        return int(database.execute("SELECT count(*) FROM documents").fetchone()[0])


def _read_vectors(ledger: Ledger, embedder: str) -> tuple[list[str], Vectors]:
    rows = ledger.database.execute(
        "SELECT c.id, e.vector FROM chunks c JOIN embeddings e"
        f" ON e.hash = c.embedded_hash AND e.embedder = ? JOIN {IN_ORDER}",
        (embedder,),
    ).fetchall()
    count = len(rows)
    raw = b"".join(vector for _, vector in rows)
    dimensions = len(rows[0][1]) // 4 if rows else _any_dimensions(ledger, embedder)
    vectors = np.frombuffer(raw, dtype=np.float32).reshape(count, dimensions)
    return [id_ for id_, _ in rows], vectors


def _any_dimensions(ledger: Ledger, embedder: str) -> int:
    row = ledger.database.execute(
        "SELECT length(vector) / 4 FROM embeddings WHERE embedder = ? LIMIT 1", (embedder,)
    ).fetchone()
    return int(row[0]) if row else 1


def _embedded_texts(ledger: Ledger) -> Iterator[tuple[str, str]]:
    rows = ledger.database.execute(f"SELECT c.id, c.heading, c.text FROM chunks c JOIN {IN_ORDER}")
    for id_, heading, text in rows:
        chunk = Chunk(id_, "", Span(0, len(text)), text, heading=tuple(json.loads(heading)))
        yield id_, chunk.embedded_text
