"""Hostile files: PDF written by hand, and archives whose headers lie."""

import struct
import zlib
from collections.abc import Sequence

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
SEEN = b"BT /F1 12 Tf 72 700 Td (Seen text.) Tj ET"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
    b" /Resources << /Font << /F1 3 0 R >> >> >>"
)
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")


def pdf_of_objects(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first its catalog."""
    whole = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    whole += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(whole) + b"startxref\n%d\n%%%%EOF\n" % start


def pdf(content: bytes = SEEN, *, pages: int = 1, catalog: bytes = b"") -> bytes:
    """A PDF that shows the same compressed content on each page."""
    packed = zlib.compress(content, 9)
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
    kids = b" ".join(b"%d 0 R" % (5 + page) for page in range(pages))
    return pdf_of_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
            FONT,
            stream % (len(packed), packed),
            *[PAGE] * pages,
        ]
    )


def archive(packed: bytes, names: Sequence[str], *, unpacked: int, overlap: bool = False) -> bytes:
    """A zip archive of deflated entries that claim to unpack to `unpacked` bytes each.

    With `overlap` all of them share the packed bytes of the first.
    """
    whole = bytearray()
    central = bytearray()
    for name in names:
        offset = 0 if overlap else len(whole)
        sizes = (0, len(packed), unpacked)
        if not (overlap and whole):
            whole += LOCAL.pack(b"PK\3\4", 20, 0, 8, 0, 0, *sizes, len(name), 0)
            whole += name.encode() + packed
        central += CENTRAL.pack(
            b"PK\1\2", 20, 20, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, offset
        )
        central += name.encode()
    counts = (0, 0, len(names), len(names), len(central), len(whole), 0)
    return bytes(whole + central + END.pack(b"PK\5\6", *counts))


def deflate(content: bytes) -> bytes:
    """`content` packed as zip archives pack it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()
