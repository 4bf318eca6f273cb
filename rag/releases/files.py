"""The `documents.db` and `vectors.npy` of a release, which are read and never written."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ReleaseBroken
from rag.ports import Vectors


class ReleaseDatabase:
    """Its `documents.db`; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ReleaseBroken(f"{path} is missing")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows that `sql` gives, of any types. Raises ReleaseBroken."""
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise ReleaseBroken(f"the release's documents.db cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def read_vectors(release: Path) -> Vectors:
    """Its vectors, read from the disk where they are needed. Raises ReleaseBroken."""
    try:
        return np.asarray(np.load(release / "vectors.npy", mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise ReleaseBroken(f"the vectors of {release} cannot be read: {error}") from error
