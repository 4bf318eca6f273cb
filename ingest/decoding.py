"""Bytes of text files as text: every visible character kept, newlines as they are."""

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_BYTES = 64_000
# Tag characters are kept where they spell a flag, after U+1F3F4.
UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007f]+)"
    "|[\x00\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file and how many characters that nobody can see were left out."""

    text: str
    unseen: int


def decode(raw: bytes, declared: str = "") -> Decoded:
    """The text of `raw`: by byte order mark, as UTF-8, as `declared`, else by detection."""
    return drop_unseen(_decode(raw, declared))


def drop_unseen(text: str) -> Decoded:
    """`text` without NUL, lone surrogates, bidi controls, tags and other invisible characters."""
    if text.isascii() and "\0" not in text:
        return Decoded(text, 0)
    kept = UNSEEN.sub(lambda match: match.group(1) or "", text)
    return Decoded(kept, len(text) - len(kept))


def _decode(raw: bytes, declared: str) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    for encoding in (_encoding_by_zeros(raw), "utf-8", declared):
        if encoding:
            try:
                return raw.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return _detect(raw)


def _encoding_by_zeros(raw: bytes) -> str:
    """UTF-16 without a mark shows as zeros in every second byte of Latin text."""
    sample = raw[:SAMPLE_BYTES]
    if len(sample) < 4 or len(raw) % 2:
        return ""
    if sample[1::2].count(0) * 3 > len(sample):
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) * 3 > len(sample) else ""


def _detect(raw: bytes) -> str:
    best = from_bytes(raw[:SAMPLE_BYTES]).best()
    for encoding in (best.encoding if best else "cp1252", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
