"""The text of XML files with its structure, parsed so that nothing is resolved or fetched."""

from collections.abc import Iterator
from contextlib import suppress
from html.entities import entitydefs
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # ships no types
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]  # as above

from ingest.formats.content import Extraction, SourceFile
from ingest.text.decoding import decode, drop_unseen
from rag.errors import ExtractionFailed

# Documents nest some thirty deep; Python's own recursion ends at a thousand.
DEEPEST = 500
# A chosen bound: longer than a value such as an address or a caption, shorter than a page's text.
LONGEST_FIELD_CHARACTERS = 300
# As titles of Markdown files, see `blocks`.
LONGEST_TITLE_CHARACTERS = 200
PARAGRAPH_BREAK = "\n\n"


class NotWellFormed(ExtractionFailed):
    """The text is not XML, whatever its name says."""


class _Builder(TreeBuilder):
    """Builds elements by their local names, down to a depth that no document needs."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExtractionFailed(f"XML nested deeper than {DEEPEST} elements")
        plain = {key.rpartition("}")[2]: value for key, value in attrs.items()}
        return super().start(tag.rpartition("}")[2], plain)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def parse_xml(raw: bytes, encoding: str | None = None) -> Element:
    """The root element. Raises ExtractionFailed for entity declarations and endless depth."""
    parser = DefusedXMLParser(target=_Builder(), encoding=encoding)
    parser.entity.update(entitydefs)  # those of XHTML, whose own declarations are not fetched
    try:
        parser.feed(raw)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise ExtractionFailed("declares XML entities, which are never resolved") from error
    except (ParseError, ValueError, LookupError) as error:
        raise NotWellFormed(f"not well-formed XML: {error}") from error
    return root


def text_of(element: Element) -> str:
    """All text in an element, white space as single blanks."""
    return " ".join("".join(element.itertext()).split())


def find_outermost(element: Element, tag: str) -> Iterator[Element]:
    """The elements of that name in it, at any depth, in order, none within another."""
    pending = list(reversed(element))
    while pending:
        child = pending.pop()
        if child.tag == tag:
            yield child
        else:
            pending += reversed(child)


def refuse_entities(raw: bytes) -> None:
    """Raise ExtractionFailed if the XML declares entities, or nests without end."""
    with suppress(NotWellFormed):
        parse_xml(raw)


def extract_xml(file: SourceFile) -> Extraction:
    """An XML file's text: a paragraph for each element of prose, a line for each flat record.

    One that is not well-formed is kept character for character.
    """
    decoded = decode(file.read())
    try:
        root = parse_xml(decoded.text.encode(), "utf-8")
    except NotWellFormed as error:
        notes = (*decoded.notes, f"{error}: read as plain text")
        return Extraction(decoded.text, file.media_type, notes=notes)
    seen = drop_unseen(PARAGRAPH_BREAK.join(filter(None, _paragraphs(root))))
    notes = decoded.notes + seen.notes
    return Extraction(seen.text, file.media_type, _title(root), notes=notes)


def _paragraphs(root: Element) -> Iterator[str]:
    pending = [root]
    while pending:
        element = pending.pop()
        children = list(element)
        if _has_own_text(element) or not children:
            yield text_of(element) or _fields(element, [])
        elif _is_record(element, children):
            yield _fields(element, children)
        else:
            if element.attrib:
                yield _fields(element, [])
            pending += reversed(children)


def _has_own_text(element: Element) -> bool:
    texts = (element.text, *(child.tail for child in element))
    return any(text and text.strip() for text in texts)


def _is_record(element: Element, children: list[Element]) -> bool:
    """Whether its children are short named values and not the paragraphs of a text."""
    if any(len(child) for child in children):
        return False
    tags = {child.tag for child in children}
    return 1 < len(tags) == len(children) and all(
        len(text_of(child)) <= LONGEST_FIELD_CHARACTERS for child in children
    )


def _fields(element: Element, children: list[Element]) -> str:
    pairs = [*element.attrib.items(), *((child.tag, text_of(child)) for child in children)]
    return "; ".join(f"{name}: {' '.join(value.split())}" for name, value in pairs if value.strip())


def _title(root: Element) -> str:
    title = next(find_outermost(root, "title"), None)
    return "" if title is None else text_of(title)[:LONGEST_TITLE_CHARACTERS]
