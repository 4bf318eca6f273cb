"""The documents of a ledger as a whole: texts, names, readers, and one hash over all of them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence

from ingest.corpus.history import Place
from ingest.corpus.schema import hash_documents, write_digest


class Catalogue:
    """The part of the ledger's database that holds them; changed inside its transactions."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._run = database.execute
        self._database = database

    def content_hash(self) -> str:
        """One sha256 over documents, versions and chunks, in which no order and no time counts."""
        return hash_documents(self._database)

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
        self._run("UPDATE documents SET source = ? WHERE uri = ?", (name, uri))
        self._write_digest(uri)

    def readers(self, uri: str) -> tuple[str, ...] | None:
        """Who may read the document of a source, None where it has none."""
        row = self._run("SELECT access FROM documents WHERE uri = ?", (uri,)).fetchone()
        return tuple(json.loads(row[0])) if row else None

    def set_readers(self, uri: str, access: Sequence[str]) -> None:
        """Change who may read the document of a source."""
        said = json.dumps(access, ensure_ascii=False)
        self._run("UPDATE documents SET access = ? WHERE uri = ?", (said, uri))
        self._write_digest(uri)

    def _write_digest(self, uri: str) -> None:
        for (id_,) in self._run("SELECT id FROM documents WHERE uri = ?", (uri,)).fetchall():
            write_digest(self._database, id_)
