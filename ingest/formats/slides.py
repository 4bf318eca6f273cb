"""OpenDocument presentations: the text of each slide, its title as heading."""

import zipfile
from collections.abc import Iterator

from ingest.formats.content import Extraction, SourceFile, join_pages, name_pages
from ingest.formats.rows import describe_rows
from ingest.formats.xml import Element, parse_xml
from ingest.text.decoding import drop_unseen
from rag.errors import ExtractionFailed

CONTENT = "content.xml"


def extract_slides(file: SourceFile) -> Extraction:
    """A presentation as Markdown, one page a slide. Raises ExtractionFailed."""
    with zipfile.ZipFile(file.path) as archive:
        if CONTENT not in archive.namelist():
            raise ExtractionFailed("not a presentation: it has no content.xml")
        root = parse_xml(archive.read(CONTENT))
    slides = root.find_all("page")
    seen = [drop_unseen("\n\n".join(_describe(slide))) for slide in slides]
    text, pages = join_pages([slide.text for slide in seen])
    bare = [number for number, slide in enumerate(seen, 1) if not slide.text]
    notes = [
        f"slide {number}: {note}" for number, slide in enumerate(seen, 1) for note in slide.notes
    ]
    if bare and len(bare) < len(seen):
        notes.append(f"{name_pages(bare)} {'has' if len(bare) == 1 else 'have'} no text")
    return Extraction(
        text,
        file.media_type,
        is_markdown=True,
        pages=pages,
        notes=tuple(notes),
        pages_without_text=tuple(bare),
    )


def _describe(slide: Element) -> Iterator[str]:
    """The slide's title as a heading, its texts, lists and tables, and last its notes."""
    shapes = [child for child in slide.elements() if child.tag != "notes"]
    titles = [shape for shape in shapes if shape.attributes.get("class") == "title"]
    yield from (f"# {title.text()}" for title in titles if title.text())
    for shape in shapes:
        if shape not in titles:
            yield from _paragraphs(shape, "")
    for notes in (child for child in slide.elements() if child.tag == "notes"):
        text = "\n\n".join(_paragraphs(notes, ""))
        if text:
            yield f"Notes: {text}"


def _paragraphs(element: Element, mark: str) -> Iterator[str]:
    if element.tag in ("p", "h"):
        if text := element.text():
            yield mark + text
    elif element.tag == "table":
        yield from _rows(element)
    else:
        inner = "- " if element.tag == "list-item" else mark
        for child in element.elements():
            yield from _paragraphs(child, inner)


def _rows(table: Element) -> Iterator[str]:
    rows = [
        [cell.text() for cell in row.find_all("table-cell")] for row in table.find_all("table-row")
    ]
    return describe_rows(rows)
