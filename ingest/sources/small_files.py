"""Regular files opened without following a link or waiting, and small ones read whole."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from rag.errors import ExtractionFailed, SourceSkipped, SourceUnreadable

LINK = "a symbolic link, not followed"
NOT_A_FILE = "not a regular file"


def open_regular(path: Path) -> BinaryIO:
    """The file, opened to be read. Raises SourceUnreadable, SourceSkipped."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        reason = LINK if path.is_symlink() else error.strerror or "cannot be opened"
        raise SourceUnreadable(reason) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceSkipped(NOT_A_FILE)
    return os.fdopen(descriptor, "rb")


def read_small_file(path: Path, most_bytes: int) -> bytes:
    """All bytes of a regular file. Raises ExtractionFailed with the reason where that is not so."""
    with open_regular(path) as stream:
        try:
            content = stream.read(most_bytes + 1)
        except OSError as error:
            raise SourceUnreadable(error.strerror or "not readable") from error
    if len(content) > most_bytes:
        raise ExtractionFailed(f"larger than {most_bytes:,} bytes")
    return content
