"""Presentations: the text of each slide, its title as heading, and the speaker's notes."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from ingest.formats.content import Extraction, SourceFile, join_pages, name_pages
from ingest.formats.office import extract_office
from ingest.formats.records.rows import describe_rows
from ingest.formats.xml import find_outermost, parse_xml, text_of
from ingest.text.decoding import drop_unseen
from rag.errors import ExtractionFailed

CONTENT = "content.xml"
NOTES = re.compile(r"ppt/notesSlides/(notesSlide\d+\.xml)")
SLIDE = re.compile(r'Target="(?:\.\./|/ppt/)slides/(slide\d+\.xml)"')
TITLES = ("title", "ctrTitle")


def extract_slides(file: SourceFile) -> Extraction:
    """A presentation as Markdown, one page a slide. Raises ExtractionFailed."""
    with zipfile.ZipFile(file.path) as archive:
        if CONTENT not in archive.namelist():
            raise ExtractionFailed("not a presentation: it has no content.xml")
        root = parse_xml(archive.read(CONTENT))
    slides = list(find_outermost(root, "page"))
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


def extract_powerpoint(file: SourceFile) -> Extraction:
    """A PowerPoint file as Markdown, the speaker's notes behind all slides."""
    found = extract_office(file)
    with zipfile.ZipFile(file.path) as archive:
        seen = drop_unseen("\n\n".join(_speaker_notes(archive)))
    text = "\n\n".join(filter(None, (found.text, seen.text)))
    return replace(found, text=text, notes=found.notes + seen.notes)


def _speaker_notes(archive: zipfile.ZipFile) -> Iterator[str]:
    """A paragraph for the notes on each slide that has any, with the slide's title."""
    for match in filter(None, map(NOTES.fullmatch, archive.namelist())):
        if text := _placed(parse_xml(archive.read(match[0])), ("body",)):
            title = _title_of_slide(archive, f"ppt/notesSlides/_rels/{match[1]}.rels")
            yield f"Notes on {title}: {text}" if title else f"Notes: {text}"


def _title_of_slide(archive: zipfile.ZipFile, relations: str) -> str:
    """The title of the slide that is named in the relations of its notes."""
    names = archive.namelist()
    found = (
        SLIDE.search(archive.read(relations).decode(errors="replace"))
        if relations in names
        else None
    )
    slide = f"ppt/slides/{found[1]}" if found else ""
    return _placed(parse_xml(archive.read(slide)), TITLES) if slide in names else ""


def _placed(slide: Element, kinds: tuple[str, ...]) -> str:
    """The text of the places of these kinds."""
    shapes = [
        shape
        for shape in find_outermost(slide, "sp")
        if any(place.get("type") in kinds for place in find_outermost(shape, "ph"))
    ]
    paragraphs = [text_of(line) for shape in shapes for line in find_outermost(shape, "p")]
    return " ".join(filter(None, paragraphs))


def _describe(slide: Element) -> Iterator[str]:
    """The slide's title as a heading, its texts, lists and tables, and last its notes."""
    shapes = [child for child in slide if child.tag != "notes"]
    titles = [shape for shape in shapes if shape.get("class") == "title"]
    yield from (f"# {text}" for title in titles if (text := text_of(title)))
    for shape in shapes:
        if shape not in titles:
            yield from _paragraphs(shape, "")
    for notes in (child for child in slide if child.tag == "notes"):
        text = "\n\n".join(_paragraphs(notes, ""))
        if text:
            yield f"Notes: {text}"


def _paragraphs(element: Element, mark: str) -> Iterator[str]:
    if element.get("class") == "page-number":
        return
    if element.tag in ("p", "h"):
        if text := text_of(element):
            yield mark + text
    elif element.tag == "table":
        yield from _rows(element)
    else:
        inner = "- " if element.tag == "list-item" else mark
        for child in element:
            yield from _paragraphs(child, inner)


def _rows(table: Element) -> Iterator[str]:
    rows = [
        [text_of(cell) for cell in find_outermost(row, "table-cell")]
        for row in find_outermost(table, "table-row")
    ]
    return describe_rows(rows)
