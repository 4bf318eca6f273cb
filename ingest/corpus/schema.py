"""The tables of the ledger, and the hashes by which two states of it are compared."""

import hashlib
import json
import sqlite3

FORMAT = 3  # counts up when the tables change
SCHEMA = """
CREATE TABLE sources (
    uri TEXT PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, extractor TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, is_published INTEGER NOT NULL,
    stamp TEXT NOT NULL DEFAULT '', characters INTEGER NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0, empty_pages TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0);
CREATE INDEX sources_by_content ON sources(sha256);
CREATE TABLE archives (
    uri TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, stamp TEXT NOT NULL);
CREATE TABLE documents (
    id TEXT PRIMARY KEY, uri TEXT NOT NULL UNIQUE, version TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, media_type TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL,
    is_markdown INTEGER NOT NULL, chunked_by TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
    access TEXT NOT NULL DEFAULT '["public"]', digest TEXT NOT NULL DEFAULT '');
CREATE INDEX documents_by_digest ON documents(id, digest);
CREATE INDEX documents_by_version ON documents(version);
CREATE TABLE chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL, embedded_hash BLOB NOT NULL);
CREATE INDEX chunks_by_document ON chunks(document_id, start);
CREATE INDEX chunks_by_embedded ON chunks(embedded_hash);
CREATE TABLE embeddings (
    embedder TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, hash));
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT, release INTEGER, counts TEXT);
CREATE TABLE tombstones (key TEXT PRIMARY KEY, erased TEXT NOT NULL);
CREATE TABLE pins (release INTEGER PRIMARY KEY);
CREATE TABLE versions (
    uri TEXT NOT NULL, sha256 TEXT NOT NULL, root TEXT NOT NULL, name TEXT NOT NULL,
    document_id TEXT NOT NULL, metadata TEXT NOT NULL, access TEXT NOT NULL,
    recorded TEXT NOT NULL, PRIMARY KEY (uri, sha256));
CREATE INDEX versions_by_content ON versions(sha256);
CREATE TABLE roots (
    uri TEXT PRIMARY KEY, labels TEXT NOT NULL, added TEXT NOT NULL, seen TEXT NOT NULL);
CREATE TABLE receipts (
    id TEXT PRIMARY KEY, begun TEXT NOT NULL, finished TEXT, receipt TEXT NOT NULL);
"""
GATE_SCHEMA = """
CREATE TABLE IF NOT EXISTS gates (regression_set TEXT NOT NULL, since TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decisions (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, release INTEGER NOT NULL, against INTEGER,
    regression_set TEXT NOT NULL, exit_code INTEGER NOT NULL, reasons TEXT NOT NULL,
    broken TEXT NOT NULL, forced TEXT NOT NULL);
"""
"""Tables that came later; a ledger without them is one of a corpus without a gate."""


def create_tables(database: sqlite3.Connection) -> None:
    """Make the tables of an empty database, all or none."""
    database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")


def write_digest(database: sqlite3.Connection, document_id: str) -> None:
    """Record one sha256 over all that a release takes of a document and of its chunks."""
    row = database.execute(
        "SELECT version, source, title, media_type, text, pages, metadata, access FROM documents"
        " WHERE id = ?",
        (document_id,),
    ).fetchone()
    ids = database.execute(
        "SELECT id FROM chunks WHERE document_id = ? ORDER BY start", (document_id,)
    ).fetchall()
    digest = hashlib.sha256(json.dumps([row, ids]).encode()).hexdigest()
    database.execute("UPDATE documents SET digest = ? WHERE id = ?", (digest, document_id))


def hash_documents(database: sqlite3.Connection) -> str:
    """One sha256 over the digests of all documents, of a ledger or of a release."""
    rows = database.execute("SELECT id, digest FROM documents ORDER BY id")
    return hashlib.sha256(json.dumps(rows.fetchall()).encode()).hexdigest()
