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
LEAST_BYTES_TO_GUESS = 8
NEVER_GUESSED = ["utf_7", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le"]
DAMAGED = "\ufffd"
# Tag characters are kept where they spell a flag, after U+1F3F4.
UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007f]+)"
    "|[\x00\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and in words whatever the reader of it should know about how it was made."""

    text: str
    notes: tuple[str, ...] = ()


def decode(raw: bytes, declared: str = "") -> Decoded:
    """The text of `raw`: by byte order mark, as UTF-8, as `declared`, else by detection."""
    decoded = _decode(raw, declared)
    cleaned = drop_unseen(decoded.text)
    return Decoded(cleaned.text, decoded.notes + cleaned.notes)


def drop_unseen(text: str) -> Decoded:
    """`text` without NUL, lone surrogates, bidi controls, tags and other invisible characters."""
    if text.isascii() and "\0" not in text:
        return Decoded(text)
    kept = UNSEEN.sub(lambda match: match.group(1) or "", text)
    dropped = len(text) - len(kept)
    return Decoded(kept, (f"{dropped} invisible characters left out",) if dropped else ())


def _decode(raw: bytes, declared: str) -> Decoded:
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _repair(raw[len(mark) :], encoding)
    for encoding in (_encoding_by_zeros(raw), "utf-8", declared):
        if encoding:
            try:
                return Decoded(raw.decode(encoding))
            except (UnicodeDecodeError, LookupError):
                continue
    repaired = raw.decode(errors="replace")
    damaged = repaired.count(DAMAGED)
    beyond_ascii = sum(1 for mark in repaired if mark > "\x7f") - damaged
    if beyond_ascii > 4 * damaged:
        return _repair(raw, "utf-8")
    encoding = _guess(raw)
    return Decoded(raw.decode(encoding), (f"character set guessed: {encoding}",))


def _repair(raw: bytes, encoding: str) -> Decoded:
    text = raw.decode(encoding, errors="replace")
    damaged = text.count(DAMAGED) - raw.count(DAMAGED.encode(encoding))
    return Decoded(text, (f"{damaged} characters are damaged",) if damaged > 0 else ())


def _encoding_by_zeros(raw: bytes) -> str:
    """UTF-16 without a mark shows as zeros in every second byte of Latin text."""
    sample = raw[:SAMPLE_BYTES]
    if len(sample) < 4 or len(raw) % 2:
        return ""
    if sample[1::2].count(0) * 3 > len(sample):
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) * 3 > len(sample) else ""


def _guess(raw: bytes) -> str:
    """Western European where it is as likely as any other, or where there is little to go by."""
    beyond_ascii = sum(1 for byte in raw[:SAMPLE_BYTES] if byte > 0x7F)
    if beyond_ascii < LEAST_BYTES_TO_GUESS:
        return "cp1252" if _decodes(raw, "cp1252") else "latin-1"
    matches = list(from_bytes(raw[:SAMPLE_BYTES], cp_exclusion=NEVER_GUESSED))
    likeliest = [match for match in matches if match.chaos <= matches[0].chaos]
    names = [name for match in likeliest for name in match.could_be_from_charset]
    wanted = ["cp1252", *names] if "cp1252" in names else names
    return next((encoding for encoding in wanted if _decodes(raw, encoding)), "latin-1")


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
