"""What a file is by its first bytes, whatever its name says."""

import codecs

MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "pdf", "a PDF"),
    (b"PK\x03\x04", "zip", "a zip archive"),
    (b"PK\x05\x06", "zip", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "ole", "an old or encrypted Office file"),
    (b"{\\rtf", "rtf", "RTF"),
    (b"MZ", "binary", "a Windows program"),
    (b"\x7fELF", "binary", "a program"),
    (b"\xcf\xfa\xed\xfe", "binary", "a program"),
    (b"\x89PNG", "image", "a PNG image"),
    (b"\xff\xd8\xff", "image", "a JPEG image"),
    (b"GIF8", "binary", "a GIF image"),
    (b"II*\x00", "image", "a TIFF image"),
    (b"MM\x00*", "image", "a TIFF image"),
    (b"BM", "image", "a BMP image"),
    (b"RIFF", "image", "a WebP image"),
    (b"\x1f\x8b", "binary", "a gzip archive"),
    (b"BZh", "binary", "a bzip2 archive"),
    (b"\xfd7zXZ", "binary", "an xz archive"),
    (b"7z\xbc\xaf", "binary", "a 7z archive"),
    (b"Rar!", "binary", "a RAR archive"),
    (b"SQLite format 3\x00", "binary", "a database"),
)
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
PDF_WITHIN_BYTES = 1024  # as readers of PDF do, by appendix H of its specification


def recognize(head: bytes) -> tuple[str, str]:
    """The kind of a file that begins with `head`, and the words for it."""
    for magic, kind, description in MAGIC:
        if head.startswith(magic) and _is_sure(magic, head):
            return kind, description
        if kind == "pdf" and magic in head[:PDF_WITHIN_BYTES]:
            return kind, description
    return "text", "text"


def _is_sure(magic: bytes, head: bytes) -> bool:
    """Two letters may begin a text as well; a picture or program has zeros soon after them."""
    if magic == b"RIFF":
        return head[8:12] == b"WEBP"
    if magic in (b"BM", b"MZ", b"BZh"):
        return any(byte < 9 for byte in head[:64])
    return True


def looks_binary(head: bytes) -> bool:
    """Whether `head` has zeros that no encoding with a byte order mark explains."""
    if b"\0" not in head:
        return False
    return not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
