"""Zip-based files checked before anything parses them: every byte they unpack to is counted."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ingest.formats.containers.signatures import ARCHIVES
from rag.errors import ExtractionFailed

# Long books and slide decks hold several thousand files, and listing 10,000 takes 0.1 s.
MOST_ENTRIES = 10_000
MOST_UNPACKED_BYTES = 200_000_000
MOST_RATIO = 100
RATIO_MATTERS_ABOVE_BYTES = 1_000_000
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
STEP_BYTES = 1 << 18
ENCRYPTED_FLAG = 1
EMBEDDING_FOLDERS = {"embeddings", "objectreplacements"}
ENCRYPTED = "encrypted: save it without a password"
ENTITY = "<!ENTITY"
ENTITIES = tuple(ENTITY.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
LONGEST_MARK = max(len(mark) for mark in ENTITIES)


def check_archive(path: Path) -> None:
    """Raise ExtractionFailed unless the archive is safe to unpack.

    Headers are not believed: entries are unpacked here and counted, and dropped piece by piece.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise ExtractionFailed(f"damaged archive: {error}") from error
    if len(entries) > MOST_ENTRIES:
        raise ExtractionFailed(f"an archive of {len(entries):,} files, more than {MOST_ENTRIES:,}")
    for entry in entries:
        _check_name(entry)
    refuse_overlaps(entries)
    unpacked = 0
    with path.open("rb") as stream:
        for entry in entries:
            unpacked = _check_content(stream, entry, unpacked)


def _check_name(entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:2] == ":":
        raise ExtractionFailed(f"an entry leaves the archive: {name[:80]!r}")
    if entry.flag_bits & ENCRYPTED_FLAG:
        raise ExtractionFailed(ENCRYPTED)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ExtractionFailed("packed by a method that documents do not use")


def refuse_overlaps(entries: list[zipfile.ZipInfo]) -> None:
    """Entries that share packed bytes unpack to more than an archive of its size can hold."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise ExtractionFailed("an archive bomb: its entries overlap")
        end = entry.header_offset + LOCAL_HEADER.size + entry.compress_size


def _check_content(stream: BinaryIO, entry: zipfile.ZipInfo, unpacked: int) -> int:
    size = 0
    tail = b""
    is_markup = entry.filename.endswith((".xml", ".rels", ".xhtml", ".html", ".opf", ".ncx"))
    for piece in _unpack(stream, entry):
        if not size and piece.startswith(ARCHIVES) and not _is_embedded(entry.filename):
            raise ExtractionFailed(f"holds another archive: {entry.filename[:80]!r}")
        size += len(piece)
        if unpacked + size > MOST_UNPACKED_BYTES:
            raise ExtractionFailed(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes")
        if size > RATIO_MATTERS_ABOVE_BYTES and size > MOST_RATIO * entry.compress_size:
            raise ExtractionFailed(f"unpacks to more than {MOST_RATIO} times its size")
        if is_markup:
            _refuse_entities(tail + piece, entry.filename)
            tail = piece[-LONGEST_MARK:]
    return unpacked + size


def _is_embedded(name: str) -> bool:
    """Office files keep the tables behind their charts as archives, which are never opened."""
    return any(part.lower() in EMBEDDING_FOLDERS for part in PurePosixPath(name).parts[:-1])


def _refuse_entities(piece: bytes, name: str) -> None:
    if any(mark in piece for mark in ENTITIES):
        raise ExtractionFailed(f"declares XML entities, which are never resolved: {name[:80]!r}")
    if name == "META-INF/manifest.xml" and b"encryption-data" in piece:
        raise ExtractionFailed(ENCRYPTED)


def _unpack(stream: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    stream.seek(entry.header_offset)
    header = stream.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise ExtractionFailed(f"damaged archive: no entry {entry.filename[:80]!r}")
    *_, name_length, extra_length = LOCAL_HEADER.unpack(header)
    stream.seek(name_length + extra_length, 1)
    packed = _read_packed(stream, entry.compress_size)
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from packed
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in packed:
            pending = piece
            while pending and not inflater.eof:
                yield inflater.decompress(pending, STEP_BYTES)
                pending = inflater.unconsumed_tail
    except zlib.error as error:
        raise ExtractionFailed(f"damaged archive: {error}") from error


def _read_packed(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = stream.read(min(size, STEP_BYTES))
        if not piece:
            raise ExtractionFailed("damaged archive: it ends early")
        size -= len(piece)
        yield piece
