"""Text in pictures: read with OCR where it is asked for, named where it is not."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]  # ships no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # ships no types

from ingest.adapters import tesseract
from ingest.adapters.tesseract import check_ocr
from ingest.formats.content import name_pages
from ingest.limits import Limits
from ingest.sandbox.workers import Extracted, ExtractionPool, Job
from rag.errors import ExtractionFailed, SettingsError
from tests.ingest.files import read

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None,
    reason="needs Tesseract: apt-get install -y tesseract-ocr",
)


def picture(text: str) -> Image.Image:
    """Black letters on white."""
    image = Image.new("RGB", (900, 120), "white")
    font = ImageFont.load_default(48)
    ImageDraw.Draw(image).text((20, 30), text, fill="black", font=font)
    return image


def saved(image: Image.Image, form: str) -> bytes:
    """The bytes of a picture file."""
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()


def scan(path: Path, *pages: str | Image.Image | None) -> bytes:
    """A PDF of pages that hold text, a picture or nothing."""
    canvas = Canvas(str(path))
    for page in pages:
        if isinstance(page, str):
            canvas.drawString(72, 720, page)
        elif page:
            canvas.drawImage(ImageReader(page), 50, 600, 450, 60)
        canvas.showPage()
    canvas.save()
    return path.read_bytes()


@needs_tesseract
@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".png", "PNG"),
        (".jpg", "JPEG"),
        (".jpeg", "JPEG"),
        (".tif", "TIFF"),
        (".tiff", "TIFF"),
        (".webp", "WEBP"),
        (".bmp", "BMP"),
    ],
)
def test_a_picture_is_read_only_with_ocr(tmp_path: Path, suffix: str, form: str) -> None:
    raw = saved(picture("The boat leaves at nine"), form)
    with pytest.raises(ExtractionFailed, match=r"^an image: read its text with --ocr$"):
        read(tmp_path, f"a{suffix}", raw)
    found = read(tmp_path, f"a{suffix}", raw, ocr="eng")
    assert found.text == "The boat leaves at nine"
    assert found.notes == ("read by OCR",)


@needs_tesseract
def test_a_picture_under_a_wrong_name_or_damaged_is_refused(tmp_path: Path) -> None:
    raw = saved(picture("x"), "PNG")
    with pytest.raises(ExtractionFailed, match=r"the content is a PNG image, not what \.pdf"):
        read(tmp_path, "a.pdf", raw)
    with pytest.raises(ExtractionFailed, match="its text cannot be read"):
        read(tmp_path, "a.png", raw[:60], ocr="eng")


def test_pages_without_text_are_named(tmp_path: Path) -> None:
    raw = scan(tmp_path / "x.pdf", "One.", None, "Three.", None, None)
    found = read(tmp_path, "a.pdf", raw)
    assert found.pages_without_text == (2, 4, 5)
    assert found.notes == ("pages 2, 4-5 have no text",)
    assert [page.number for page in found.pages] == [1, 2, 3, 4, 5]
    with pytest.raises(ExtractionFailed, match=r"no text on any page \(scanned\?\): try --ocr$"):
        read(tmp_path, "a.pdf", scan(tmp_path / "y.pdf", None, None))


@needs_tesseract
def test_scanned_pages_are_read_with_ocr_in_a_confined_reader(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    raw = scan(path, "The first page.", picture("The boat leaves at nine"), None)
    job = Job("it", path, "a.pdf", len(raw), ocr="eng")
    with ExtractionPool(1, Limits()) as pool:
        [(_, result)] = pool.run([job])
    assert isinstance(result, Extracted)
    found = result.extraction
    pages = [found.text[page.span.start : page.span.end] for page in found.pages]
    assert pages == ["The first page.", "The boat leaves at nine", ""]
    assert found.pages_without_text == (3,)
    assert found.notes == ("page 2 read by OCR", "page 3 has no text")


@needs_tesseract
def test_a_scan_in_which_ocr_finds_nothing_fails_without_advice(tmp_path: Path) -> None:
    with pytest.raises(ExtractionFailed, match=r"\(scanned\?\)$"):
        read(tmp_path, "a.pdf", scan(tmp_path / "x.pdf", None), ocr="eng")


@needs_tesseract
def test_a_page_that_ocr_cannot_read_is_named_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = scan(tmp_path / "x.pdf", picture("The boat leaves at nine"), "Two.", None)
    monkeypatch.setattr(tesseract, "PICTURE_S", 0.000_001)
    found = read(tmp_path, "a.pdf", raw, ocr="eng")
    assert found.text.strip() == "Two."
    assert found.notes[0].startswith("pages 1, 3: its text was not read within")
    assert found.pages_without_text == (1, 3)


def test_page_numbers_are_named_in_few_words() -> None:
    assert name_pages([3]) == "page 3"
    assert name_pages([3, 7, 8, 9]) == "pages 3, 7-9"
    assert name_pages(list(range(1, 2001, 2))).endswith("and 990 more")


@needs_tesseract
def test_ocr_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check_ocr("eng")
    with pytest.raises(SettingsError, match=r"lacks xyz: apt-get install -y tesseract-ocr .*-xyz"):
        check_ocr("eng+xyz")
    for bad in ("", "../eng", "eng deu", "-l", "e" * 99):
        with pytest.raises(SettingsError, match="name Tesseract's languages"):
            check_ocr(bad)
    monkeypatch.setattr(tesseract, "PROGRAM", "no-such-tesseract")
    with pytest.raises(SettingsError, match="needs the program tesseract: apt-get install"):
        check_ocr("deu")


@pytest.mark.slow
@needs_tesseract
def test_a_picture_too_large_for_memory_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    Image.new("1", (36_000, 36_000)).save(path, "PNG")
    job = Job("it", path, "a.png", path.stat().st_size, ocr="eng")
    with ExtractionPool(1, Limits(wall_s=2.0)) as pool:
        [(_, result)] = pool.run([job])
    assert isinstance(result, ExtractionFailed)
