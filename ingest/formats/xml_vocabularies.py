"""XML formats of which the elements are known: FictionBook, OPML outlines and SVG drawings."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ingest.formats.content import Extraction, SourceFile
from ingest.formats.office import extract_office
from ingest.formats.records.rows import describe_rows
from ingest.formats.xml import NotWellFormed, extract_xml, find_outermost, parse_xml, text_of
from ingest.text.decoding import drop_unseen
from rag.domain import MetadataValue

DEEPEST_HEADING = 6  # of Markdown
LINES = ("p", "v", "subtitle", "text-author")
CELLS = ("th", "td")
LABELS = ("text", "title", "desc", "foreignObject")
NOT_DRAWN = ("metadata", "style", "script")
PARAGRAPH_BREAK = "\n\n"


def extract_book(file: SourceFile) -> Extraction:
    """A FictionBook as Markdown, its notes last; a broken one as far as it can be read.

    Raises ExtractionFailed.
    """
    try:
        root = parse_xml(file.read())
    except NotWellFormed:
        return extract_office(file)
    about = _all([root], "title-info")
    found = {
        "author": ", ".join(_words_apart(author) for author in _all(about, "author")),
        "created": _first(about, "date"),
        "language": _first(about, "lang"),
    }
    metadata: dict[str, MetadataValue] = {key: value for key, value in found.items() if value}
    paragraphs = (paragraph for body in _all([root], "body") for paragraph in _book(body, 1))
    return _as_markdown(file, paragraphs, _first(about, "book-title"), metadata)


def extract_outline(file: SourceFile) -> Extraction:
    """An OPML outline, in which an entry with parts or a note is a heading.

    Raises ExtractionFailed.
    """
    root = parse_xml(file.read())
    paragraphs = (paragraph for body in _all([root], "body") for paragraph in _outline(body, 1))
    return _as_markdown(file, paragraphs, _first(_all([root], "head"), "title"), {})


def extract_drawing(file: SourceFile) -> Extraction:
    """The texts in an SVG drawing, without its shapes; a broken one as it is written.

    Raises ExtractionFailed.
    """
    try:
        root = parse_xml(file.read())
    except NotWellFormed:
        return extract_xml(file)
    titles = [text_of(child) for child in root if child.tag == "title"]
    seen = drop_unseen(PARAGRAPH_BREAK.join(filter(None, _labels(root))))
    return Extraction(seen.text, file.media_type, "".join(titles[:1]), notes=seen.notes)


def _as_markdown(
    file: SourceFile, paragraphs: Iterator[str], title: str, metadata: dict[str, MetadataValue]
) -> Extraction:
    seen = drop_unseen(PARAGRAPH_BREAK.join(filter(None, paragraphs)))
    return Extraction(
        seen.text, file.media_type, title, is_markdown=True, notes=seen.notes, metadata=metadata
    )


def _book(element: Element, level: int) -> Iterator[str]:
    for child in element:
        if child.tag == "title":
            yield _heading(_words_apart(child), level)
        elif child.tag in LINES:
            yield text_of(child)
        elif child.tag == "table":
            yield from describe_rows(
                [text_of(cell) for cell in row if cell.tag in CELLS]
                for row in find_outermost(child, "tr")
            )
        else:
            yield from _book(child, level + (child.tag == "section"))


def _outline(element: Element, level: int) -> Iterator[str]:
    for child in element:
        text = child.get("text") or child.get("title") or ""
        note = (child.get("_note") or "").strip()
        yield _heading(text, level) if note or len(child) else text
        yield child.get("description", "")
        yield note
        yield from _outline(child, level + 1)


def _heading(text: str, level: int) -> str:
    return f"{'#' * min(level, DEEPEST_HEADING)} {' '.join(text.split())}"


def _labels(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag in LABELS:
            yield " ".join(_label(child).split())
        elif child.tag not in NOT_DRAWN:
            yield from _labels(child)


def _label(element: Element) -> str:
    """Its text, in which a part with a place of its own is a word of its own."""
    inner = (element.text, *(piece for child in element for piece in (_label(child), child.tail)))
    text = "".join(filter(None, inner))
    return f" {text}" if "x" in element.attrib else text


def _words_apart(element: Element) -> str:
    return " ".join(text_of(child) for child in element)


def _all(elements: list[Element], tag: str) -> list[Element]:
    return [found for element in elements for found in find_outermost(element, tag)]


def _first(elements: list[Element], tag: str) -> str:
    return next((text_of(found) for found in _all(elements, tag)), "")
