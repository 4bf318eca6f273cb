"""Files made for a test, and what is read from them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import docx

from ingest.formats.table import Extraction, extract

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


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


def sheet_file() -> bytes:
    """An Excel file of two rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in zip("AB", texts, strict=True)
        )
        + "</row>"
        for number, texts in enumerate((("Kind", "Fare"), ("Single", "five")), 1)
    )
    sheet = f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
    sheets = '<sheets><sheet name="Fares" sheetId="1" r:id="rId1"/></sheets>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{OFFICE}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
        "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
    }
    return office_file(parts)


def slide_file() -> bytes:
    """A PowerPoint file of one slide."""
    names = (
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        f'xmlns:r="{OFFICE}"'
    )
    slide = (
        f"<p:sld {names}><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id='2' name='t'/><p:cNvSpPr/>"
        "<p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r>"
        "<a:t>A single costs five.</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    )
    ids = '<p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
    parts = {
        "ppt/presentation.xml": f"<p:presentation {names}>{ids}</p:presentation>",
        "ppt/_rels/presentation.xml.rels": related("slide", "slides/slide1.xml"),
        "ppt/slides/slide1.xml": slide,
        "_rels/.rels": related("officeDocument", "ppt/presentation.xml"),
    }
    return office_file(parts)


def related(kind: str, target: str) -> str:
    """The part that names one relation of another."""
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    relation = f'<Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{space}">{relation}</Relationships>'


def office_file(parts: Mapping[str, str]) -> bytes:
    """The bytes of an office file of these parts."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        space = "http://schemas.openxmlformats.org/package/2006/content-types"
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{space}"/>')
        for name, content in parts.items():
            archive.writestr(name, content)
    return whole.getvalue()
