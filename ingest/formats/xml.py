"""The text of XML files with its structure, parsed so that nothing is resolved or fetched."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from xml.parsers import expat

from ingest.formats.content import Extraction, SourceFile
from ingest.text.decoding import decode, drop_unseen
from rag.errors import ExtractionFailed

DEEPEST = 500
LONGEST_FIELD_CHARACTERS = 300
PARAGRAPH_BREAK = "\n\n"


@dataclass(slots=True)
class Element:
    """An element by its local name, with its texts and elements in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: "list[Element | str]" = field(default_factory=list)

    def elements(self) -> "list[Element]":
        """Its child elements."""
        return [child for child in self.content if isinstance(child, Element)]

    def has_own_text(self) -> bool:
        """Whether text stands directly in it."""
        return any(isinstance(child, str) and child.strip() for child in self.content)

    def text(self) -> str:
        """All text in it, white space as single blanks."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        pending: list[Element | str] = [self]
        while pending:
            child = pending.pop()
            if isinstance(child, str):
                yield child
            else:
                pending += reversed(child.content)

    def find_all(self, tag: str) -> "list[Element]":
        """The elements of that name in it, at any depth, in order, the outermost ones only."""
        found: list[Element] = []
        pending = list(reversed(self.elements()))
        while pending:
            child = pending.pop()
            if child.tag == tag:
                found.append(child)
            else:
                pending += reversed(child.elements())
        return found


class NotWellFormed(ExtractionFailed):
    """The text is not XML, whatever its name says."""


def parse_xml(raw: bytes, encoding: str | None = None) -> Element:
    """The root element. Raises ExtractionFailed for entity declarations and endless depth."""
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    root = Element("")
    path = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) > DEEPEST:
            raise ExtractionFailed(f"XML nested deeper than {DEEPEST} elements")
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        element = Element(name.rpartition(" ")[2], plain)
        path[-1].content.append(element)
        path.append(element)

    def refuse(*_: object) -> None:
        raise ExtractionFailed("declares XML entities, which are never resolved")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop() and None
    parser.CharacterDataHandler = lambda data: path[-1].content.append(data)
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise NotWellFormed(f"not well-formed XML: {error}") from error
    return root.elements()[0]


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
        children = element.elements()
        if element.has_own_text() or not children:
            yield element.text() or _fields(element, [])
        elif _is_record(element, children):
            yield _fields(element, children)
        else:
            if element.attributes:
                yield _fields(element, [])
            pending += reversed(children)


def _is_record(element: Element, children: list[Element]) -> bool:
    """Whether its children are short named values and not the paragraphs of a text."""
    if any(child.elements() for child in children):
        return False
    tags = {child.tag for child in children}
    return 1 < len(tags) == len(children) and all(
        len(child.text()) <= LONGEST_FIELD_CHARACTERS for child in children
    )


def _fields(element: Element, children: list[Element]) -> str:
    pairs = [*element.attributes.items(), *((child.tag, child.text()) for child in children)]
    return "; ".join(f"{name}: {' '.join(value.split())}" for name, value in pairs if value.strip())


def _title(root: Element) -> str:
    titles = root.find_all("title")
    return titles[0].text()[:200] if titles else ""
