"""Office files, PDF, mail and web pages as text, read by kreuzberg without OCR or network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import kreuzberg

from rag.errors import ExtractionFailed


def read_markdown(raw: bytes, media_type: str) -> tuple[str, str]:
    """A document as Markdown and its own title, if it has one. Raises ExtractionFailed."""
    return _read(raw, media_type, "markdown")


def read_plain(raw: bytes, media_type: str) -> tuple[str, str]:
    """A document as plain text and its own title, if it has one. Raises ExtractionFailed."""
    return _read(raw, media_type, "plain")


def read_pages(path: Path, media_type: str) -> tuple[list[str], str]:
    """The text of each page in order, and the title. Raises ExtractionFailed."""
    config = _config("plain", pages=kreuzberg.PageConfig(extract_pages=True))
    try:
        result = kreuzberg.extract_file_sync(str(path), media_type, config)
    except kreuzberg.KreuzbergError as error:
        raise _failure(error) from error
    pages = sorted(result.pages or [], key=lambda page: page["page_number"])
    return [page["content"] for page in pages], _title(result.metadata)


def _read(raw: bytes, media_type: str, form: Literal["markdown", "plain"]) -> tuple[str, str]:
    try:
        result = kreuzberg.extract_bytes_sync(raw, media_type, _config(form))
    except kreuzberg.KreuzbergError as error:
        raise _failure(error) from error
    return result.content, _title(result.metadata)


def _config(
    form: Literal["markdown", "plain"], pages: kreuzberg.PageConfig | None = None
) -> kreuzberg.ExtractionConfig:
    return kreuzberg.ExtractionConfig(
        use_cache=False,
        ocr=None,
        enable_quality_processing=False,
        images=None,
        pages=pages,
        output_format=form,
        postprocessor=kreuzberg.PostProcessorConfig(enabled=False),
        tree_sitter=kreuzberg.TreeSitterConfig(enabled=False),  # it would download grammars
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )


def _failure(error: kreuzberg.KreuzbergError) -> ExtractionFailed:
    message = " ".join(str(error).split())[:200] or type(error).__name__
    if "password" in message.lower() or "encrypt" in message.lower():
        return ExtractionFailed("encrypted: save it without a password")
    return ExtractionFailed(message)


def _title(metadata: Mapping[str, Any]) -> str:  # kreuzberg's metadata is a loose dictionary
    title = metadata.get("title") or metadata.get("subject")
    return " ".join(title.split()) if isinstance(title, str) else ""
