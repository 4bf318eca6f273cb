"""Files made for a test, and what is read from them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import docx

from ingest.formats.table import Extraction, extract


def read(tmp_path: Path, name: str, content: bytes, *, ocr: str = "") -> Extraction:
    """The extraction of a file with this content."""
    path = tmp_path / "content"
    path.write_bytes(content)
    return extract(path, name, ocr=ocr)


def zipped(path: Path, **entries: str) -> bytes:
    """The bytes of a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path.read_bytes()


def word_file(
    paragraphs: tuple[str, ...] = ("Seen.",), parts: Mapping[str, bytes] | None = None
) -> bytes:
    """A Word file with these paragraphs, and some of its parts replaced or added."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    whole = io.BytesIO()
    document.save(whole)
    changed = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        contents = {name: source.read(name) for name in source.namelist()} | dict(parts or {})
        for name, content in contents.items():
            target.writestr(name, content, zipfile.ZIP_DEFLATED)
    return changed.getvalue()
