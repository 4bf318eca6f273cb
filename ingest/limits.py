"""What one source may cost: bytes, characters, files of an archive, time and memory."""

from dataclasses import dataclass

from rag.errors import ExtractionFailed

RATIO_MATTERS_ABOVE_BYTES = 1_000_000  # below that a high ratio is a small file of blanks, no bomb


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may hold, and what reading it may cost a worker.

    `source_bytes` bounds a file as it is found, `text_characters` what is read of it. Of an archive
    at most `members` files are taken, each of at most `member_bytes`; all together unpack to at
    most `unpacked_bytes`, and to `ratio` times the size of the archive. A reader may write files of
    `file_bytes`, which an unpacked one must fit in; reading pictures takes `ocr_times` the time.

    The defaults are chosen: of some 300 real files of the web and of mail the slowest took 3 s and
    none 1 GiB, and the sizes are several times those of what people keep. All can be set.
    """

    wall_s: float = 90.0
    cpu_s: int = 60
    memory_bytes: int = 1 << 30
    file_bytes: int = 1 << 26
    ocr_times: int = 20
    source_bytes: int = 200_000_000
    text_characters: int = 50_000_000
    members: int = 2000
    member_bytes: int = 60_000_000
    unpacked_bytes: int = 200_000_000
    ratio: int = 100


DEFAULTS = Limits()


class Budget:
    """Counts what is unpacked of `packed` bytes, since headers are not believed."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._packed = max(1, packed)
        self._limits = limits
        self._unpacked = 0

    def spend(self, size: int) -> None:
        """Count so many bytes more. Raises ExtractionFailed when they are too many."""
        limits = self._limits
        self._unpacked += size
        if self._unpacked > limits.unpacked_bytes:
            raise ExtractionFailed(f"unpacks to more than {limits.unpacked_bytes:,} bytes")
        is_large = self._unpacked > RATIO_MATTERS_ABOVE_BYTES
        if is_large and self._unpacked > limits.ratio * self._packed:
            raise ExtractionFailed(f"unpacks to more than {limits.ratio} times its size")
