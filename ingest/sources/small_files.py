"""Small files that operators keep beside documents, read without following a link or waiting."""

import os
import stat
from pathlib import Path

from rag.errors import ExtractionFailed


def read_small_file(path: Path, most_bytes: int) -> bytes:
    """All bytes of a regular file. Raises ExtractionFailed with the reason where that is not so."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        is_link = path.is_symlink()
        reason = "a symbolic link, not followed" if is_link else error.strerror or "not readable"
        raise ExtractionFailed(reason) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ExtractionFailed("not a regular file")
        with open(descriptor, "rb", closefd=False) as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise ExtractionFailed(error.strerror or "not readable") from error
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        raise ExtractionFailed(f"larger than {most_bytes:,} bytes")
    return content
