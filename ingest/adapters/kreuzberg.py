"""Office files, PDF, mail and web pages as text, read by kreuzberg without OCR or network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import kreuzberg

from rag.domain import MetadataValue
from rag.errors import ExtractionFailed

OCR_DOTS_PER_INCH = 200
"""A usual scan; Tesseract advises at least 300 for small print, at over twice the time."""
FAILURES = (kreuzberg.KreuzbergError, RuntimeError)


class Content(NamedTuple):
    """A document's text, its own title if it has one, and what it says of itself."""

    text: str
    title: str
    metadata: dict[str, MetadataValue]


class Pages(NamedTuple):
    """The text of each page of a document in order, its title, and what it says of itself."""

    texts: list[str]
    title: str
    metadata: dict[str, MetadataValue]


def read_markdown(raw: bytes, media_type: str) -> Content:
    """A document as Markdown. Raises ExtractionFailed."""
    return _read(raw, media_type, "markdown")


def read_plain(raw: bytes, media_type: str) -> Content:
    """A document as plain text. Raises ExtractionFailed."""
    return _read(raw, media_type, "plain")


def read_pages(path: Path, media_type: str) -> Pages:
    """The pages of a document as plain text. Raises ExtractionFailed."""
    config = _config("plain", pages=kreuzberg.PageConfig(extract_pages=True))
    try:
        result = kreuzberg.extract_file_sync(str(path), media_type, config)
    except FAILURES as error:
        raise _failure(error) from error
    pages = sorted(result.pages or [], key=lambda page: page["page_number"])
    texts = [page["content"] for page in pages]
    return Pages(texts, _title(result.metadata), _metadata(result.metadata))


def render_page(path: Path, number: int) -> bytes:
    """A page of a PDF, numbered from 1, as a PNG picture. Raises ExtractionFailed."""
    try:
        return kreuzberg.render_pdf_page(str(path), number - 1, dpi=OCR_DOTS_PER_INCH)
    except FAILURES as error:
        raise ExtractionFailed(f"page {number} cannot be drawn: {error}"[:200]) from error


def _read(raw: bytes, media_type: str, form: Literal["markdown", "plain"]) -> Content:
    try:
        result = kreuzberg.extract_bytes_sync(raw, media_type, _config(form))
    except FAILURES as error:
        raise _failure(error) from error
    return Content(result.content, _title(result.metadata), _metadata(result.metadata))


def _config(
    form: Literal["markdown", "plain"], pages: kreuzberg.PageConfig | None = None
) -> kreuzberg.ExtractionConfig:
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        ocr=None,
        disable_ocr=True,  # type: ignore[call-arg]  # the constructor takes it, its stub does not
        enable_quality_processing=False,
        images=None,
        pages=pages,
        output_format=form,
        postprocessor=kreuzberg.PostProcessorConfig(enabled=False),
        tree_sitter=kreuzberg.TreeSitterConfig(enabled=False),  # it would download grammars
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )
    config.max_archive_depth = 0  # its constructor does not take this one
    return config


def _failure(error: Exception) -> ExtractionFailed:
    message = " ".join(str(error).split())[:200] or type(error).__name__
    if "password" in message.lower() or "encrypt" in message.lower():
        return ExtractionFailed("encrypted: save it without a password")
    return ExtractionFailed(message)


def _title(metadata: Mapping[str, Any]) -> str:  # kreuzberg's metadata is a loose dictionary
    title = metadata.get("title") or metadata.get("subject")
    return " ".join(title.split()) if isinstance(title, str) else ""


def _metadata(metadata: Mapping[str, Any]) -> dict[str, MetadataValue]:  # loose, as above
    authors = metadata.get("authors") or []
    names = [" ".join(name.split()) for name in authors if isinstance(name, str)]
    found = {
        "author": ", ".join(name for name in names if name),
        "created": metadata.get("created_at"),
        "modified": metadata.get("modified_at"),
        "language": metadata.get("language"),
    }
    return {key: value for key, value in found.items() if isinstance(value, str) and value}
