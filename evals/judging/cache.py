"""Answers of the judge on disk, so that an unchanged question is never paid for twice."""

import sqlite3
from pathlib import Path

from rag.errors import StorageError


class JudgeCache:
    """Key to answer in one SQLite file; None keeps the answers in memory only."""

    def __init__(self, path: Path | None) -> None:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)"
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the judge's cache {path} cannot be opened: {error}") from error

    def get(self, key: str) -> str | None:
        """The answer kept under `key`."""
        try:
            row = self._db.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"the judge's cache cannot be read: {error}") from error
        return str(row[0]) if row else None

    def put(self, key: str, answer: str) -> None:
        """Keep `answer` under `key`."""
        try:
            self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))
        except sqlite3.Error as error:
            raise StorageError(f"the judge's cache cannot be written: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()
