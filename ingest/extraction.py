"""Text from files: one line of `EXTRACTORS` a format, found by suffix, checked by content."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from ingest import markup, tables
from ingest.adapters import kreuzberg
from ingest.decoding import decode, drop_unseen
from rag.domain import Page, Span
from rag.errors import ExtractionFailed

EXTRACTOR = "1"
MOST_TEXT_CHARACTERS = 50_000_000
MOST_ENTRIES = 10_000
MOST_UNPACKED_BYTES = 200_000_000
MOST_RATIO = 100
RATIO_MATTERS_ABOVE_BYTES = 10_000_000
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
PAGE_BREAK = "\n\n"
ROW_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one file holds; `notes` says in words what was left out, guessed or repaired."""

    text: str
    media_type: str
    title: str
    is_markdown: bool = False
    pages: tuple[Page, ...] = ()
    notes: tuple[str, ...] = ()


class Format(NamedTuple):
    """How files of one suffix are read; `signature` is what they must begin with."""

    media_type: str
    extract: Callable[[Path, str], Extraction]
    signature: str = "text"


def extract_text(path: Path, media_type: str) -> Extraction:
    """A text file, character for character."""
    decoded = decode(path.read_bytes())
    return Extraction(decoded.text, media_type, "", notes=decoded.notes)


def extract_markdown(path: Path, media_type: str) -> Extraction:
    """A Markdown file, character for character, structured by its headings."""
    decoded = decode(path.read_bytes())
    return Extraction(decoded.text, media_type, "", is_markdown=True, notes=decoded.notes)


def extract_table(path: Path, media_type: str) -> Extraction:
    """A CSV or TSV file, each row a paragraph of one line."""
    decoded = decode(path.read_bytes())
    rows = ROW_BREAK.join(tables.describe_rows(tables.read_csv(decoded.text)))
    return Extraction(rows, media_type, "", notes=decoded.notes)


def extract_web_page(path: Path, media_type: str) -> Extraction:
    """The visible text of an HTML page as Markdown."""
    raw = path.read_bytes()
    page = decode(raw, markup.declared_charset(raw))
    title, body = markup.split_web_page(page.text)
    content, _ = kreuzberg.read_markdown(body.encode(), media_type)
    return _as_markdown(content, title, media_type, page.notes)


def extract_marked_up(path: Path, media_type: str) -> Extraction:
    """A text in a markup other than Markdown, turned into Markdown."""
    decoded = decode(path.read_bytes())
    content, title = kreuzberg.read_markdown(decoded.text.encode(), media_type)
    return _as_markdown(content, title, media_type, decoded.notes)


def extract_office(path: Path, media_type: str) -> Extraction:
    """An office document or book as Markdown."""
    return _as_markdown(*kreuzberg.read_markdown(path.read_bytes(), media_type), media_type)


def extract_mail(path: Path, media_type: str) -> Extraction:
    """A mail's headers and body as plain text."""
    content, title = kreuzberg.read_plain(path.read_bytes(), media_type)
    seen = drop_unseen(content.strip())
    return Extraction(seen.text, media_type, title, notes=seen.notes)


def extract_pdf(path: Path, media_type: str) -> Extraction:
    """A PDF's text with the span of each page. Raises ExtractionFailed when no page has any."""
    contents, title = kreuzberg.read_pages(path, media_type)
    seen = [drop_unseen(content.strip()) for content in contents]
    pages: list[Page] = []
    start = 0
    for number, page in enumerate(seen, 1):
        pages.append(Page(number, Span(start, start + len(page.text))))
        start += len(page.text) + len(PAGE_BREAK)
    if not any(page.text for page in seen):
        raise ExtractionFailed("no text on any page (scanned?)")
    text = PAGE_BREAK.join(page.text for page in seen)
    notes = tuple(
        f"page {number}: {note}" for number, page in enumerate(seen, 1) for note in page.notes
    )
    return Extraction(text, media_type, title, pages=tuple(pages), notes=notes)


def _as_markdown(
    content: str, title: str, media_type: str, notes: tuple[str, ...] = ()
) -> Extraction:
    seen = drop_unseen(markup.clean_markdown(content).strip())
    return Extraction(
        seen.text, media_type, title, is_markdown=True, notes=tuple(notes) + seen.notes
    )


EXTRACTORS: dict[str, Format] = {
    ".csv": Format("text/csv", extract_table),
    ".doc": Format("application/msword", extract_office, "office"),
    ".docx": Format(f"{OFFICE}.wordprocessingml.document", extract_office, "office"),
    ".eml": Format("message/rfc822", extract_mail),
    ".epub": Format("application/epub+zip", extract_office, "zip"),
    ".htm": Format("text/html", extract_web_page),
    ".html": Format("text/html", extract_web_page),
    ".json": Format("application/json", extract_text),
    ".markdown": Format("text/markdown", extract_markdown),
    ".md": Format("text/markdown", extract_markdown),
    ".msg": Format("application/vnd.ms-outlook", extract_mail, "ole"),
    ".odt": Format(f"{OPEN_DOCUMENT}.text", extract_office, "zip"),
    ".ods": Format(f"{OPEN_DOCUMENT}.spreadsheet", extract_office, "zip"),
    ".org": Format("text/x-org", extract_marked_up),
    ".pdf": Format("application/pdf", extract_pdf, "pdf"),
    ".ppt": Format("application/vnd.ms-powerpoint", extract_office, "office"),
    ".pptx": Format(f"{OFFICE}.presentationml.presentation", extract_office, "office"),
    ".rst": Format("text/x-rst", extract_marked_up),
    ".rtf": Format("application/rtf", extract_office, "rtf"),
    ".tsv": Format("text/tab-separated-values", extract_table),
    ".txt": Format("text/plain", extract_text),
    ".xls": Format("application/vnd.ms-excel", extract_office, "office"),
    ".xlsx": Format(f"{OFFICE}.spreadsheetml.sheet", extract_office, "office"),
    ".xml": Format("application/xml", extract_text),
}
MODERN_OFFICE = {".doc": ".docx", ".ppt": ".pptx", ".xls": ".xlsx"}
MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "pdf", "a PDF"),
    (b"PK\x03\x04", "zip", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", "ole", "an old or encrypted Office file"),
    (b"{\\rtf", "rtf", "RTF"),
    (b"MZ", "binary", "a Windows program"),
    (b"\x7fELF", "binary", "a program"),
    (b"\x89PNG", "binary", "a PNG image"),
    (b"\xff\xd8\xff", "binary", "a JPEG image"),
    (b"GIF8", "binary", "a GIF image"),
    (b"\x1f\x8b", "binary", "a gzip archive"),
    (b"7z\xbc\xaf", "binary", "a 7z archive"),
)
ACCEPTED = {"office": {"zip", "ole"}}


def extract(path: Path, name: str) -> Extraction:
    """The text of the file at `path`, which users know as `name`. Raises ExtractionFailed."""
    suffix = PurePath(name).suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(4096)
    kind, description = _recognize(head)
    form = _choose_format(suffix, kind, description, head)
    if kind == "zip":
        _refuse_bombs(path)
    extraction = form.extract(path, form.media_type)
    if len(extraction.text) > MOST_TEXT_CHARACTERS:
        raise ExtractionFailed(f"more than {MOST_TEXT_CHARACTERS:,} characters of text")
    return extraction


def _recognize(head: bytes) -> tuple[str, str]:
    for magic, kind, description in MAGIC:
        if head.startswith(magic) or (kind == "pdf" and magic in head[:1024]):
            return kind, description
    return "text", "text"


def _choose_format(suffix: str, kind: str, description: str, head: bytes) -> Format:
    form = EXTRACTORS.get(MODERN_OFFICE.get(suffix, suffix) if kind == "zip" else suffix)
    if form is None:
        if kind == "text" and not _looks_binary(head):
            return EXTRACTORS[".txt"]
        what = description if kind != "text" else "binary data"
        raise ExtractionFailed(f"unsupported format {suffix or '(no suffix)'}: {what}")
    if form.signature != kind and kind not in ACCEPTED.get(form.signature, ()):
        raise ExtractionFailed(f"the content is {description}, not what {suffix} files hold")
    return form


def _looks_binary(head: bytes) -> bool:
    if not head or b"\0" not in head:
        return False
    return not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ExtractionFailed(f"damaged archive: {error}") from error
    unpacked = sum(entry.file_size for entry in entries)
    ratio = unpacked / max(1, path.stat().st_size)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED_BYTES:
        raise ExtractionFailed(f"unpacks to {len(entries):,} files and {unpacked:,} bytes")
    if unpacked > RATIO_MATTERS_ABOVE_BYTES and ratio > MOST_RATIO:
        raise ExtractionFailed(f"unpacks to {ratio:.0f} times its size")
