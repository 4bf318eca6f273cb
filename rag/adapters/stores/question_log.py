"""The questions that the service was asked, in one SQLite file beside the corpora."""

import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from rag.errors import StorageError
from rag.journal.exchange import Exchange
from rag.outgoing.redaction import redact
from rag.releases.disk_faults import told_as_refusal

log = logging.getLogger(__name__)

QUESTIONS = "questions.db"
"""In the data folder."""
SCHEMA = """CREATE TABLE IF NOT EXISTS questions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, corpus TEXT NOT NULL, asked TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS questions_asked ON questions (asked)"""
MOST_WAITING = 1000  # chosen: some seconds of the fastest service; more is lost, not waited for
MOST_AT_ONCE = 100  # chosen: questions a transaction
PRUNE_S = 3600.0  # chosen: what is too old goes within the hour, asked or not
EXCHANGE = TypeAdapter(Exchange)


class SqliteQuestionLog:
    """Written by a thread of its own, so that no request waits for it or fails with it.

    Nothing older than `days` is kept, nor more than `most` questions. `secrets`, and whatever has
    the shape of a key, are masked.
    """

    def __init__(self, path: Path, *, days: int, most: int, secrets: Collection[str] = ()) -> None:
        self._path = path
        self._days = days
        self._most = most
        self._secrets = secrets
        self._waiting: queue.Queue[Exchange | None] = queue.Queue(MOST_WAITING)
        self._failing = ""
        with told_as_refusal((sqlite3.Error, OSError), path, "questions cannot be kept"):
            self._write([])
        self._thread = threading.Thread(target=self._work, name="question-log", daemon=True)
        self._thread.start()

    def record(self, exchange: Exchange) -> None:
        """Keep it soon; lost, with a warning, where the disk does not keep up."""
        try:
            self._waiting.put_nowait(exchange)
        except queue.Full:
            self._warn("the disk does not keep up")

    def close(self) -> None:
        """Write what is waiting, and stop."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _work(self) -> None:
        while True:
            batch, is_last = self._take()
            try:
                self._write(batch)
                self._failing = ""
            except sqlite3.Error as error:
                self._warn(str(error))
            if is_last:
                return

    def _take(self) -> tuple[list[Exchange], bool]:
        """What waits, once something does or the time to prune has come; whether it is the last."""
        batch: list[Exchange] = []
        try:
            found = self._waiting.get(timeout=PRUNE_S)
            while found is not None:
                batch.append(found)
                if len(batch) == MOST_AT_ONCE:
                    return batch, False
                found = self._waiting.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: Collection[Exchange]) -> None:
        oldest = datetime.now(UTC) - timedelta(days=self._days)
        rows = [self._row(exchange) for exchange in batch]
        with closing(sqlite3.connect(self._path)) as database, database:
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(SCHEMA)
            database.executemany(
                "INSERT INTO questions (corpus, asked, body) VALUES (?, ?, ?)", rows
            )
            database.execute("DELETE FROM questions WHERE asked < ?", (oldest.isoformat(),))
            database.execute(
                "DELETE FROM questions WHERE number <= (SELECT max(number) FROM questions) - ?",
                (self._most,),
            )

    def _row(self, exchange: Exchange) -> tuple[str, str, str]:
        masked = replace(exchange, question=redact(exchange.question, self._secrets))
        return exchange.corpus, exchange.asked, json.dumps(asdict(masked))

    def _warn(self, why: str) -> None:
        if why != self._failing:
            log.warning("questions are not kept in %s: %s", self._path, why)
        self._failing = why


def read_questions(path: Path, corpus: str, start: str, end: str) -> Iterator[Exchange]:
    """What a corpus was asked from `start` to before `end`, ISO times, in order.

    Raises StorageError.
    """
    with _reading(path) as database:
        rows = database.execute(
            "SELECT body FROM questions WHERE corpus = ? AND asked >= ? AND asked < ?"
            " ORDER BY asked, number",
            (corpus, start, end),
        )
        for (body,) in rows:
            yield EXCHANGE.validate_json(body)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            yield database
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
