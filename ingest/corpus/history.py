"""What a ledger remembers beside what is there now: versions, removed sources, roots, erasures."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ingest.gate import GateDecision
from rag.domain import MetadataValue, metadata_from_json

NO_BYTES = hashlib.sha256(b"").hexdigest()
"""The hash of every empty file: a tombstone for it would keep all of them out."""
NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a source's document, of which a release or a blob may still hold copies.

    `root` and `name` are what the source was found under and called then, `metadata` and `access`
    what held of the version when it was recorded last.
    """

    uri: str
    sha256: str
    root: str
    name: str
    document_id: str
    metadata: dict[str, MetadataValue]
    access: tuple[str, ...]


class Place(NamedTuple):
    """Where a source is: its URI, the root it was found under, its path below that."""

    uri: str
    root: str
    name: str


@dataclass(frozen=True, slots=True)
class Root:
    """A SOURCE argument of `add`, with its `labels` as JSON."""

    uri: str
    labels: str
    added: str
    seen: str


def hash_uri(uri: str) -> str:
    """The key of a source's tombstone, from which its name cannot be read."""
    return hashlib.sha256(f"uri\0{uri}".encode()).hexdigest()


def document_id(corpus: str, uri: str) -> str:
    """The id of a source's document, the same for all its versions."""
    return hashlib.sha256(f"{corpus}\0{uri}".encode()).hexdigest()[:16]


class History:
    """The part of the ledger's database that outlives a source; inside its transactions."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._run = database.execute
        self._run_many = database.executemany

    def record(self, uri: str) -> None:
        """Note the version of a source that has just been recorded with its document."""
        self._run(
            "INSERT OR REPLACE INTO versions"
            f" SELECT d.uri, d.version, s.root, s.name, d.id, d.metadata, d.access, {NOW}"
            " FROM documents d JOIN sources s ON s.uri = d.uri WHERE d.uri = ?",
            (uri,),
        )

    def versions(self) -> list[Version]:
        """All versions known, of one source in the order in which they were recorded."""
        rows = self._run(
            "SELECT uri, sha256, root, name, document_id, metadata, access FROM versions"
            " ORDER BY uri, recorded, rowid"
        )
        return [
            Version(
                uri, sha256, root, name, id_, metadata_from_json(said), tuple(json.loads(access))
            )
            for uri, sha256, root, name, id_, said, access in rows
        ]

    def places(self) -> dict[str, Place]:
        """Where each document is, or was last, by its id."""
        rows = self._run(
            "SELECT v.document_id, v.uri, coalesce(s.root, v.root), v.name FROM versions v"
            " LEFT JOIN sources s ON s.uri = v.uri ORDER BY v.rowid"
        )
        return {id_: Place(*place) for id_, *place in rows}

    def last_of(self, uri: str) -> tuple[tuple[str, ...], str] | None:
        """Who could read the last version of a source, and when it was recorded."""
        row = self._run(
            "SELECT access, recorded FROM versions WHERE uri = ? ORDER BY rowid DESC LIMIT 1",
            (uri,),
        ).fetchone()
        return (tuple(json.loads(row[0])), row[1]) if row else None

    def readers_of_moved(self, sha256: str) -> tuple[str, ...] | None:
        """Who could read these bytes at any place, None unless one of the places is gone."""
        rows = self._run(
            "SELECT access, uri NOT IN (SELECT uri FROM sources) FROM versions WHERE sha256 = ?",
            (sha256,),
        ).fetchall()
        if not any(is_gone for _, is_gone in rows):
            return None
        return tuple(sorted({name for access, _ in rows for name in json.loads(access)}))

    def contents(self) -> set[str]:
        """The hashes of all versions known."""
        return {row[0] for row in self._run("SELECT DISTINCT sha256 FROM versions")}

    def drop_versions(self, versions: Iterable[Version]) -> None:
        """Forget versions of which no copy is left."""
        self._run_many(
            "DELETE FROM versions WHERE uri = ? AND sha256 = ?",
            [(version.uri, version.sha256) for version in versions],
        )

    def drop_contents(self, contents: Iterable[str]) -> None:
        """Forget all versions with these hashes, whatever source had them."""
        self._run_many("DELETE FROM versions WHERE sha256 = ?", ((each,) for each in contents))

    def roots(self) -> list[Root]:
        """All roots that have been given and not taken out, sorted."""
        return [Root(*row) for row in self._run("SELECT * FROM roots ORDER BY uri")]

    def put_root(self, uri: str, labels: str) -> None:
        """Note that a root was given, with these labels."""
        self._run(
            f"INSERT INTO roots VALUES (?, ?, {NOW}, {NOW})"
            f" ON CONFLICT (uri) DO UPDATE SET labels = excluded.labels, seen = {NOW}",
            (uri, labels),
        )

    def drop_root(self, uri: str) -> None:
        """Forget a root and its labels."""
        self._run("DELETE FROM roots WHERE uri = ?", (uri,))

    def tombstones(self) -> dict[str, str]:
        """Why a source must not come back, by the hash of its URI or of its content."""
        rows = self._run("SELECT key, erased FROM tombstones")
        return {key: f"forgotten on {erased[:10]}" for key, erased in rows}

    def put_tombstones(self, keys: Iterable[str], at: str) -> None:
        """Keep sources and contents out of later runs."""
        self._run_many("INSERT OR REPLACE INTO tombstones VALUES (?, ?)", ((k, at) for k in keys))

    def lift_tombstones(self, keys: Iterable[str]) -> None:
        """Let sources and contents in again."""
        self._run_many("DELETE FROM tombstones WHERE key = ?", ((key,) for key in keys))

    def begin_receipt(self, id_: str, at: str, receipt: str) -> None:
        """Note that an erasure has begun; until it is finished, copies may be left."""
        self._run("INSERT INTO receipts VALUES (?, ?, NULL, ?)", (id_, at, receipt))

    def put_receipt(self, id_: str, receipt: str, *, finished: str | None) -> None:
        """Replace a receipt; `finished` once nothing of it is left to do."""
        self._run(
            "UPDATE receipts SET receipt = ?, finished = ? WHERE id = ?", (receipt, finished, id_)
        )

    def receipts(self, *, unfinished: bool = False) -> list[str]:
        """The receipt of every erasure, oldest first; or only of those under way."""
        where = " WHERE finished IS NULL" if unfinished else ""
        return [row[0] for row in self._run(f"SELECT receipt FROM receipts{where} ORDER BY rowid")]

    def gate(self) -> str:
        """The regression set by which releases are gated, empty where they are not."""
        row = self._run("SELECT regression_set FROM gates").fetchone()
        return row[0] if row else ""

    def put_gate(self, regression_set: str) -> None:
        """Have releases gated by this set from now on, or by none if it is empty."""
        self._run("DELETE FROM gates")
        if regression_set:
            self._run(f"INSERT INTO gates VALUES (?, {NOW})", (regression_set,))

    def put_decision(self, decision: GateDecision, at: str) -> None:
        """Note what the gate said of a release; of the questions and answers the ids alone."""
        self._run(
            "INSERT INTO decisions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(at, decision.release, decision.against, decision.regression_set),
                *(decision.exit_code, json.dumps(decision.reasons)),
                *(json.dumps([each.id for each in decision.broken]), decision.forced),
            ),
        )

    def decisions(self) -> dict[int, str]:
        """What the gate said last of each release that it did not pass, as one line."""
        return {
            release: _tell_decision(at, json.loads(reasons), forced)
            for release, (code, at, reasons, forced) in self._last_decisions().items()
            if code
        }

    def refused(self) -> set[int]:
        """The releases of which the last word of the gate was no."""
        last = self._last_decisions()
        return {release for release, (code, *_, forced) in last.items() if code and not forced}

    def _last_decisions(self) -> dict[int, tuple[int, str, str, str]]:
        if not self._run("SELECT 1 FROM sqlite_master WHERE name = 'decisions'").fetchone():
            return {}
        columns = "release, exit_code, at, reasons, forced"
        rows = self._run(f"SELECT {columns} FROM decisions ORDER BY id")
        return {release: (code, at, why, forced) for release, code, at, why, forced in rows}


def _tell_decision(at: str, reasons: list[str], forced: str) -> str:
    more = f", and {len(reasons) - 1} more reasons" if len(reasons) > 1 else ""
    said = f"refused by the gate on {at[:10]}: {reasons[0]}{more}"
    return f"{said}; published all the same: {forced}" if forced else said
