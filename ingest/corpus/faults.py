"""What a fault of the ledger is called, and what to do about it."""

import sqlite3
from pathlib import Path

from rag.errors import StorageError
from rag.releases.disk_faults import tell_refusal

ADVICE = (
    "what is live serves on; bring back a copy of it, or move it away and `add` the sources again"
)


def ledger_error(path: Path, error: sqlite3.Error) -> StorageError:
    """Why a ledger cannot be used and what to do: a disk that refuses is no damage."""
    refusal = tell_refusal(error, path, path.parent.name)
    if refusal:
        return StorageError(f"the ledger cannot be used: {refusal}; what is live serves on")
    return StorageError(f"the ledger {path} cannot be used: {error}; {ADVICE}")
