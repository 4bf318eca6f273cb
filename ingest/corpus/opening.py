"""The ledger opened: for its one writer, or for a look at it, also where nothing can be written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.corpus.ledger import Ledger
from ingest.corpus.schema import FORMAT, GATE_SCHEMA, create_tables
from rag.errors import StorageError
from rag.releases.disk_faults import tell_refusal

ADVICE = (
    "what is live serves on; bring back a copy of it, or move it away and `add` the sources again"
)


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """The ledger at `path`, made if it is missing. Any fault of it becomes a StorageError."""
    try:
        uri = path.resolve().as_uri()
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            database.execute("PRAGMA temp_store = MEMORY")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA secure_delete = ON")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT:
                raise StorageError(f"{path} was written by a newer version of Plumbline")
            if 0 < version < FORMAT:
                raise StorageError(
                    f"{path} was written by an earlier version of Plumbline: move it away and "
                    "`add` the sources again; what is live serves on"
                )
            if not version:
                create_tables(database)
            _check(database)
            database.executescript(GATE_SCHEMA)
            yield Ledger(database)
    except sqlite3.DatabaseError as error:
        raise ledger_error(path, error) from error


def _check(database: sqlite3.Connection) -> None:
    [first, *_] = database.execute("PRAGMA quick_check(1)").fetchall()
    if first[0] != "ok":
        raise sqlite3.DatabaseError(first[0])


@contextmanager
def view_ledger(path: Path) -> Iterator[Ledger]:
    """The ledger at `path`, which is not changed. Any fault of it becomes a StorageError."""
    try:
        with closing(_connect(path)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
                yield Ledger(database)
                return
        with open_ledger(path) as ledger:  # one that is still empty, or refused
            yield ledger
    except sqlite3.DatabaseError as error:
        raise ledger_error(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that reads beside a writer, or without any file beside the ledger."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    database = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        database.close()
        if not tell_refusal(error, path):
            raise
        _check_log(path)
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    return database


def _check_log(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StorageError(
            f"the last changes of {path} stand in {log.name}, and without a place to write "
            f"they cannot be read: run this once where {path.parent} can be written"
        )


def ledger_error(path: Path, error: sqlite3.Error) -> StorageError:
    """Why a ledger cannot be used and what to do: a disk that refuses is no damage."""
    refusal = tell_refusal(error, path, path.parent.name)
    if refusal:
        return StorageError(f"the ledger cannot be used: {refusal}; what is live serves on")
    return StorageError(f"the ledger {path} cannot be used: {error}; {ADVICE}")
