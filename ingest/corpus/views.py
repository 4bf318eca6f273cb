"""The ledger for those who only look at it, also where nothing can be written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.corpus.faults import ledger_error
from ingest.corpus.ledger import Ledger, open_ledger
from ingest.corpus.schema import FORMAT
from rag.errors import StorageError
from rag.releases.disk_faults import tell_refusal


@contextmanager
def view_ledger(path: Path) -> Iterator[Ledger]:
    """The ledger at `path`, which is not changed. Any fault of it becomes a StorageError."""
    try:
        with closing(_connect(path)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
                yield Ledger(database)
                return
        with open_ledger(path) as ledger:  # brings an older one up to date
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
