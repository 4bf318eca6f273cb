"""Mail and saved web pages: headers, the body as its reader sees it, attachments named."""

import email
from collections.abc import Iterator
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from ingest.formats.content import Extraction, SourceFile
from ingest.formats.office import read_web_page
from ingest.text.decoding import decode, drop_unseen
from rag.domain import MetadataValue
from rag.errors import ExtractionFailed

HEADERS = ("Subject", "From", "To", "Cc", "Date")
SPOKEN = ("text/plain", "text/html")
PART_BREAK = "\n\n"
DEEPEST = 20
HEAD_BYTES = 256
NAMED_ATTACHMENTS = 5


def extract_mail(file: SourceFile) -> Extraction:
    """A mail's headers and body; of a body given twice the plain text. Raises ExtractionFailed."""
    raw = file.read()
    if b"\0" in raw[:HEAD_BYTES]:  # all of it saved as UTF-16
        raw = decode(raw).text.encode()
    try:
        message = email.message_from_bytes(raw)
    except RecursionError as error:
        raise ExtractionFailed("a mail nested without end") from error
    bodies = list(_bodies(message, 0))
    if not bodies and not any(message.get(name) for name in HEADERS):
        raise ExtractionFailed("not a mail: it has neither headers nor a body")
    lines = [f"{name}: {value}" for name in HEADERS if (value := _header(message, name))]
    texts = ["\n".join(lines), *(body.text.strip() for body in bodies)]
    seen = drop_unseen(PART_BREAK.join(text for text in texts if text))
    notes = [note for body in bodies for note in body.notes]
    if not bodies:
        notes.append("no body that can be read: encrypted, or attachments only")
    return Extraction(
        seen.text,
        file.media_type,
        _header(message, "Subject"),
        notes=(*notes, *seen.notes, *_name_attachments(message)),
        metadata=_metadata(message),
    )


def _bodies(part: Message, depth: int) -> Iterator[Extraction]:
    """What a part shows, each text apart; attached files show nothing."""
    children = part.get_payload() if part.is_multipart() else None
    if isinstance(children, list) and depth < DEEPEST:
        shown = [
            list(_bodies(child, depth + 1)) for child in children if isinstance(child, Message)
        ]
        if part.get_content_type() == "multipart/alternative":
            plain = [bodies for bodies in shown if any(body.text.strip() for body in bodies)]
            shown = plain[:1]
        yield from (body for bodies in shown for body in bodies)
    elif part.get_content_type() in SPOKEN and not _is_attached(part):
        yield _read_body(part)


def _read_body(part: Message) -> Extraction:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or ""
    if part.get_content_type() == "text/html":
        return read_web_page(raw, charset)
    decoded = decode(raw, charset)
    return Extraction(decoded.text.replace("\r\n", "\n"), "text/plain", notes=decoded.notes)


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _name_attachments(message: Message) -> list[str]:
    names = [part.get_filename() or "unnamed" for part in message.walk() if _is_attached(part)]
    if not names:
        return []
    more = f" and {len(names) - NAMED_ATTACHMENTS} more" if len(names) > NAMED_ATTACHMENTS else ""
    shown = ", ".join(" ".join(name.split())[:60] for name in names[:NAMED_ATTACHMENTS])
    return [f"attachments not read: {drop_unseen(shown).text}{more}"]


def _header(message: Message, name: str) -> str:
    value = str(message.get(name) or "")
    try:
        decoded = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        decoded = value
    return " ".join(decoded.split())


def _metadata(message: Message) -> dict[str, MetadataValue]:
    found = {"author": _header(message, "From"), "created": _sent(_header(message, "Date"))}
    return {key: value for key, value in found.items() if value}


def _sent(date: str) -> str:
    try:
        sent: datetime | None = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        sent = None
    return sent.isoformat() if sent else ""
