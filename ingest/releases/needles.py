"""Pieces of what is erased, by which a byte scan finds the copies that are left of it."""

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

PIECES = 8
"""Pieces of one text or file: a copy that is cut or moved still holds one of them."""
PIECE_BYTES = 48  # chosen: two lines of prose hardly share as many by chance
LONG_BYTES = 24
"""From here on a line is hardly found elsewhere by chance; shorter ones are used without others."""
LEAST_BYTES = 8  # chosen: shorter pieces are found everywhere
WINDOW_BYTES = 4 << 20  # chosen: memory of a scan, whatever the size of a file


class Search:
    """Finds pieces in texts and files, all of them in one pass; without any it finds nothing."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._find = BytesAhoCorasick(list(pieces)).find_matches_as_indexes
        self._overlap = max(map(len, pieces), default=1) - 1

    def found_in(self, content: bytes) -> set[bytes]:
        """The pieces that stand in it."""
        return {self._pieces[index] for index, _, _ in self._find(content, overlapping=True)}

    def found_in_file(self, path: Path) -> set[bytes]:
        """The pieces that stand in a file, which is read window by window."""
        return set().union(*map(self.found_in, self._windows(path)))

    def is_in_file(self, path: Path) -> bool:
        """Whether any piece stands in a file."""
        return any(map(self._find, self._windows(path)))

    def _windows(self, path: Path) -> Iterator[bytes]:
        """A file piece by piece, each with the end of the one before."""
        kept = b""
        with path.open("rb") as stream:
            while piece := stream.read(WINDOW_BYTES):
                yield kept + piece
                kept = (kept + piece)[-self._overlap :] if self._overlap else b""


def save(pieces: Iterable[bytes], path: Path) -> None:
    """Keep the pieces until the erasure is finished; the file is among what is erased last."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    with open(partial, "w", opener=_for_the_owner_alone) as stream:
        json.dump([base64.b64encode(piece).decode() for piece in pieces], stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def load(path: Path) -> list[bytes]:
    """What `save` has kept. Raises OSError, ValueError."""
    return list(map(base64.b64decode, json.loads(path.read_text())))


def sample_text(text: str) -> Iterator[bytes]:
    """Pieces of a text, from all over it, that are long enough to be told from chance."""
    lines = [line.strip().encode() for line in text.splitlines()]
    long = [line for line in lines if len(line) >= LONG_BYTES]
    if not long:
        long = [line for line in sorted(lines, key=len)[-1:] if len(line) >= LEAST_BYTES]
    step = max(1, len(long) // PIECES)
    yield from (line[:PIECE_BYTES] for line in long[::step])


def sample_file(path: Path) -> Iterator[bytes]:
    """Pieces of a file's bytes, from all over it; none of one that is not there."""
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            for part in range(PIECES):
                stream.seek(max(0, size - PIECE_BYTES) * part // (PIECES - 1))
                piece = stream.read(PIECE_BYTES).strip()
                if len(set(piece)) >= LEAST_BYTES:  # not a run of zeros or of spaces
                    yield piece
    except FileNotFoundError:
        return


def _for_the_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
