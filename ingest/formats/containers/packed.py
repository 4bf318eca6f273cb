"""Files that are packed alone, as `notes.md.gz`, unpacked under limits to be read."""

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from ingest.limits import Budget, Limits
from rag.errors import ExtractionFailed

PACKED = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ"}
"""What the packed files of each suffix begin with."""
OPENERS: dict[str, Callable[[Path], object]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
IN_ARCHIVE = "an archive inside an archive"
STEP_BYTES = 1 << 18  # chosen: small beside any limit, so that none is passed by much
OPEN_FILES = Path("/proc/self/fd")
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


@contextmanager
def unpacked(path: Path, suffix: str, limits: Limits) -> Iterator[Path]:
    """What a packed file holds, in a file that is gone when its reader is, even if that is killed.

    Where the system cannot open a file without a name again, a killed reader leaves it. Raises
    ExtractionFailed for what is damaged or unpacks to more than the limits allow.
    """
    has_no_name = OPEN_FILES.is_dir()
    with tempfile.TemporaryFile() if has_no_name else tempfile.NamedTemporaryFile() as inside:
        size, budget = 0, Budget(path.stat().st_size, limits)
        for piece in _pieces(path, suffix):
            size += len(piece)
            if size > limits.member_bytes:
                raise ExtractionFailed(f"unpacks to more than {limits.member_bytes / 1e6:g} MB")
            budget.spend(len(piece))
            inside.write(piece)
        inside.flush()
        yield OPEN_FILES / str(inside.fileno()) if has_no_name else Path(inside.name)


def _pieces(path: Path, suffix: str) -> Iterator[bytes]:
    try:
        with cast(BinaryIO, OPENERS[suffix](path)) as stream:
            while piece := stream.read(STEP_BYTES):
                yield piece
    except DAMAGED as error:
        raise ExtractionFailed(f"damaged {suffix} file: {error}"[:200]) from error
