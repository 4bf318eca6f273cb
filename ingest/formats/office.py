"""Office files, books, mail, web pages, PDF and pictures: formats that a parser must open."""

import re
from dataclasses import replace

from ingest.adapters import kreuzberg, tesseract
from ingest.formats import markup
from ingest.formats.content import Extraction, SourceFile, join_pages, name_pages
from ingest.formats.hidden import html
from ingest.formats.hidden.word import drop_hidden_runs
from ingest.text.decoding import decode, drop_unseen
from rag.domain import MetadataValue
from rag.errors import ExtractionFailed, SourceSkipped

WEB_PAGE = "text/html"
LINE_END = re.compile(r"\r\n?|\n")


def extract_web_page(file: SourceFile) -> Extraction:
    """The visible text of an HTML page as Markdown."""
    return replace(read_web_page(file.read()), media_type=file.media_type)


def read_web_page(raw: bytes, charset: str = "") -> Extraction:
    """The visible text of an HTML page in `charset`, or in the one that it names, as Markdown."""
    page = decode(raw, charset or markup.declared_charset(raw))
    title, body = markup.split_web_page(page.text)
    visible, notes = html.drop_hidden(body)
    content = kreuzberg.read_markdown(visible.encode(), WEB_PAGE)
    return _as_markdown(content._replace(title=title), WEB_PAGE, page.notes + notes)


def extract_marked_up(file: SourceFile) -> Extraction:
    """A text in a markup other than Markdown, turned into Markdown."""
    decoded = decode(file.read())
    content = kreuzberg.read_markdown(decoded.text.encode(), file.media_type)
    return _as_markdown(content, file.media_type, decoded.notes)


def extract_office(file: SourceFile) -> Extraction:
    """An office document or book as Markdown."""
    content = kreuzberg.read_markdown(file.read(), file.media_type)
    return _as_markdown(content, file.media_type)


def extract_word(file: SourceFile) -> Extraction:
    """A Word document as Markdown, without the runs of text that it hides from its readers."""
    raw, notes = drop_hidden_runs(file.read())
    return _as_markdown(kreuzberg.read_markdown(raw, file.media_type), file.media_type, notes)


def extract_outlook_mail(file: SourceFile) -> Extraction:
    """An Outlook mail's headers and body as plain text."""
    content = kreuzberg.read_plain(file.read(), file.media_type)
    seen = drop_unseen(content.text.strip())
    return Extraction(
        seen.text, file.media_type, content.title, notes=seen.notes, metadata=content.metadata
    )


def extract_pdf(file: SourceFile) -> Extraction:
    """A PDF's text with the span of each page. Raises ExtractionFailed when no page has any."""
    read = kreuzberg.read_pages(file.path, file.media_type)
    texts, notes = _clean_pages(read.texts)
    bare = [number for number, text in enumerate(texts, 1) if not text]
    if bare and file.ocr:
        notes += _read_pictures(file, texts, bare)
        bare = [number for number in bare if not texts[number - 1]]
    if not any(texts):
        advice = "" if file.ocr else ": try --ocr"
        raise ExtractionFailed(f"no text on any page (scanned?){advice}")
    if bare:
        notes.append(f"{name_pages(bare)} {'has' if len(bare) == 1 else 'have'} no text")
    text, pages = join_pages(texts)
    return Extraction(
        text,
        file.media_type,
        read.title,
        pages=pages,
        notes=tuple(notes),
        metadata=read.metadata,
        pages_without_text=tuple(bare),
    )


def extract_image(file: SourceFile) -> Extraction:
    """The text in a picture. Raises SourceSkipped where OCR was not asked for."""
    if not file.ocr:
        raise SourceSkipped("an image: read its text with --ocr")
    seen = drop_unseen(tesseract.read_picture(file.read(), file.ocr))
    return Extraction(seen.text, file.media_type, notes=("read by OCR", *seen.notes))


def _clean_pages(contents: list[str]) -> tuple[list[str], list[str]]:
    lines = ("\n".join(LINE_END.split(content)) for content in contents)
    seen = [drop_unseen(content.strip()) for content in lines]
    notes = [f"page {number}: {note}" for number, page in enumerate(seen, 1) for note in page.notes]
    return [page.text for page in seen], notes


def _read_pictures(file: SourceFile, texts: list[str], bare: list[int]) -> list[str]:
    """Fill in `texts` what OCR finds on the `bare` pages, and say which those are.

    A page that cannot be read is named with the reason, and the others are read.
    """
    found: list[int] = []
    failures: dict[int, str] = {}
    for number in bare:
        try:
            picture = kreuzberg.render_page(file.path, number)
            text = drop_unseen(tesseract.read_picture(picture, file.ocr)).text
        except ExtractionFailed as error:
            failures[number] = str(error)
            continue
        texts[number - 1] = text
        found += [number] if text else []
    notes = [f"{name_pages(found)} read by OCR"] if found else []
    if failures:
        notes.append(f"{name_pages(list(failures))}: {next(iter(failures.values()))}")
    return notes


def _as_markdown(
    content: kreuzberg.Content, media_type: str, notes: tuple[str, ...] = ()
) -> Extraction:
    seen = drop_unseen(markup.clean_markdown(content.text).strip())
    metadata: dict[str, MetadataValue] = content.metadata
    return Extraction(
        seen.text,
        media_type,
        content.title,
        is_markdown=True,
        notes=tuple(notes) + seen.notes,
        metadata=metadata,
    )
