"""Files made to harm or mislead: each is refused with its reason, or read without harm."""

import importlib
import io
import pkgutil
import re
import time
import zipfile
from pathlib import Path

import pytest

import ingest
from ingest.formats.containers.zip_safety import MOST_ENTRIES
from ingest.formats.table import Extraction
from ingest.limits import Limits
from ingest.sandbox.workers import Extracted, ExtractionPool, Job
from ingest.text.chunking import TARGET_CHARACTERS, draft_chunks
from rag.errors import ExtractionFailed
from rag.text.sentences import split_sentences
from tests.ingest.files import read, word_file, zipped
from tests.ingest.hostile import SEEN, archive, deflate, pdf, pdf_of_objects

BODY = "word/document.xml"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RUN = (
    f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body>'
    "</w:document>"
)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def refused(tmp_path: Path, name: str, content: bytes) -> str:
    """The reason for which a file with this content is refused."""
    with pytest.raises(ExtractionFailed) as caught:
        read(tmp_path, name, content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def in_a_worker(tmp_path: Path, name: str, content: bytes) -> Extraction | str:
    """What a reader under the usual limits makes of a file, or why it failed."""
    path = tmp_path / "hostile"
    path.write_bytes(content)
    with ExtractionPool(1, Limits(wall_s=60.0)) as pool:
        [(_, result)] = pool.run([Job("it", path, name, len(content))])
    return result.extraction if isinstance(result, Extracted) else str(result)


def test_overlapping_entries_are_refused_at_once(tmp_path: Path) -> None:
    packed = deflate(bytes(5_000_000))
    bomb = archive(packed, [f"{n}.xml" for n in range(5000)], unpacked=5_000_000, overlap=True)
    began = time.monotonic()
    assert refused(tmp_path, "a.docx", bomb) == "an archive bomb: its entries overlap"
    assert time.monotonic() - began < 20


def test_a_header_that_lies_about_its_size_does_not_help(tmp_path: Path) -> None:
    bomb = archive(deflate(bytes(60_000_000)), [BODY], unpacked=10)
    assert refused(tmp_path, "a.docx", bomb) == "unpacks to more than 100 times its size"


@pytest.mark.slow
def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    page = zipfile.ZIP_STORED
    with zipfile.ZipFile(tmp_path / "a.zip", "w", page) as target:
        for number in range(5):
            target.writestr(f"{number}.xml", bytes(50_000_000))
    reason = refused(tmp_path, "a.docx", (tmp_path / "a.zip").read_bytes())
    assert reason == "unpacks to more than 200,000,000 bytes"


def test_too_many_entries_are_refused_and_those_of_a_long_book_are_not(tmp_path: Path) -> None:
    packed = deflate(b"x")
    names = [f"{number}.xml" for number in range(MOST_ENTRIES + 1)]
    assert "10,001 files" in refused(tmp_path, "a.docx", archive(packed, names, unpacked=1))
    extra = {f"word/media/{number}.bin": b"x" for number in range(2500)}
    assert read(tmp_path, "a.docx", word_file(parts=extra)).text == "Seen."


def test_archives_within_archives_are_refused(tmp_path: Path) -> None:
    nest = b"the innermost"
    for level in range(10):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as target:
            target.writestr(f"{level}.zip", nest)
        nest = inner.getvalue()
    assert "holds another archive" in refused(tmp_path, "a.docx", nest)
    assert refused(tmp_path, "a.zip", nest) == "unsupported format .zip: a zip archive"


def test_the_tables_behind_the_charts_of_an_office_file_are_not_opened(tmp_path: Path) -> None:
    inner = word_file(("The inner secret.",))
    outer = word_file(parts={"word/embeddings/a.docx": inner})
    assert read(tmp_path, "a.docx", outer).text == "Seen."


@pytest.mark.parametrize("name", ["../../etc/x", "/etc/x", "..\\x", "a/../../x", "C:\\x"])
def test_an_entry_that_leaves_its_archive_is_refused(tmp_path: Path, name: str) -> None:
    bad = archive(deflate(b"x"), [name], unpacked=1)
    assert "leaves the archive" in refused(tmp_path, "a.docx", bad)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["content"]


def test_an_encrypted_file_is_named_as_such(tmp_path: Path) -> None:
    raw = bytearray(zipped(tmp_path / "a.zip", **{BODY: "x"}))
    raw[raw.index(b"PK\1\2") + 8] |= 1
    assert refused(tmp_path, "a.docx", bytes(raw)) == "encrypted: save it without a password"
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    open_document = zipped(tmp_path / "b.zip", **{"META-INF/manifest.xml": manifest})
    assert "encrypted" in refused(tmp_path, "a.odt", open_document)
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
    assert refused(tmp_path, "a.docx", old)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://127.0.0.1:9/canary"])
@pytest.mark.parametrize("name", ["a.docx", "a.odt", "a.odp", "a.xml", "a.svg", "a.fb2", "a.opml"])
def test_external_entities_are_refused(tmp_path: Path, name: str, url: str) -> None:
    xml = f'<!DOCTYPE d [<!ENTITY s SYSTEM "{url}">]><d><t>&s;</t></d>'
    parts = {BODY: xml} if name == "a.docx" else {"content.xml": xml}
    is_archive = name in ("a.docx", "a.odt", "a.odp")
    content = zipped(tmp_path / "a.zip", **parts) if is_archive else xml.encode()
    assert "entities, which are never resolved" in refused(tmp_path, name, content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_billion_laughs_are_refused(tmp_path: Path, encoding: str) -> None:
    xml = f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]><d>&l11;</d>'
    assert "entities" in refused(tmp_path, "a.xml", xml.encode(encoding))
    body = f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>{RUN % "&l11;"}'.encode(encoding)
    assert "entities" in refused(tmp_path, "a.docx", word_file(parts={BODY: body}))


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested deeper" in refused(tmp_path, "a.xml", b"<a>" * 200_000)
    assert "not a notebook" in refused(tmp_path, "a.ipynb", b"[" * 200_000)
    assert "no line" in refused(tmp_path, "a.jsonl", b'{"a":' * 200_000)
    assert read(tmp_path, "a.html", b"<div>" * 20_000 + b"Seen").notes == ()


def test_an_encrypted_pdf_is_named_as_such(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # ships no types

    canvas = Canvas(str(tmp_path / "x.pdf"), encrypt="secret")
    canvas.drawString(72, 720, "Hidden")
    canvas.save()
    raw = (tmp_path / "x.pdf").read_bytes()
    assert refused(tmp_path, "x.pdf", raw) == "encrypted: save it without a password"


@pytest.mark.slow
def test_a_pdf_that_unpacks_to_75_mb_is_read_or_fails_alone(tmp_path: Path) -> None:
    found = in_a_worker(tmp_path, "a.pdf", pdf(SEEN + b" " * 75_000_000))
    assert isinstance(found, Extraction)
    assert found.text == "Seen text."
    huge = in_a_worker(tmp_path, "a.pdf", pdf(SEEN + b" " * 900_000_000))
    assert isinstance(huge, str)
    assert huge.startswith("the reader")


@pytest.mark.slow
def test_a_pdf_of_twenty_thousand_pages_is_read(tmp_path: Path) -> None:
    found = in_a_worker(tmp_path, "a.pdf", pdf(pages=20_000))
    assert isinstance(found, Extraction)
    assert len(found.pages) == 20_000


def test_a_damaged_pdf_is_repaired_or_refused(tmp_path: Path) -> None:
    whole = pdf()
    assert refused(tmp_path, "a.pdf", whole[: len(whole) // 2])
    assert refused(tmp_path, "a.pdf", pdf_of_objects([b"<< /Type /Catalog /Pages 1 0 R >>"]))
    garbled = whole.replace(b"xref\n0 ", b"xref\n9 ").replace(b"startxref\n", b"startxref\n9")
    assert read(tmp_path, "a.pdf", garbled).text == "Seen text."


def test_scripts_and_files_in_a_pdf_are_ignored(tmp_path: Path) -> None:
    script = b"/OpenAction << /S /JavaScript /JS (app.alert\\('evil'\\)) >>"
    names = b"/Names << /EmbeddedFiles << /Names [(evil.txt) << /F (evil.txt) >>] >> >>"
    assert read(tmp_path, "a.pdf", pdf(catalog=script + names)).text == "Seen text."


def test_a_program_is_not_read_whatever_its_name(tmp_path: Path) -> None:
    program = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(100)
    for name in ("a.pdf", "a.txt", "a.docx", "a.png", "a.csv"):
        assert "a Windows program" in refused(tmp_path, name, program)
    assert read(tmp_path, "a.txt", b"MZ is a postal code. BM is another.").text.startswith("MZ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.vtt", "a.html", "a.xml"])
def test_no_encoding_gives_damaged_text(tmp_path: Path, name: str, encoding: str) -> None:
    text = "Une journée à Zürich coûte 5."
    sample = {"a.vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n", "a.xml": f"<a>{text}</a>"}
    found = read(tmp_path, name, sample.get(name, text).encode(encoding))
    assert text in found.text
    assert "\ufffd" not in found.text


@pytest.mark.parametrize(
    "name", ["a.txt", "a.md", "a.csv", "a.jsonl", "a.ipynb", "a.html", "a.xml"]
)
def test_no_format_lets_invisible_characters_through(tmp_path: Path, name: str) -> None:
    hidden = "ig\u200bnore\u202e all\U000e0041 of\u2066 this"
    escaped = "".join(f"&#{ord(mark)};" if ord(mark) > 127 else mark for mark in hidden)
    content = {
        "a.jsonl": '{"a": "ig\\u200bnore\\u202e all\\udb40\\udc41 of\\u2066 this \\u0000\\ud800"}',
        "a.ipynb": '{"cells": [{"cell_type": "markdown", "source": "ig\\u200bnore\\u202e all'
        '\\udb40\\udc41 of\\u2066 this \\u0000\\ud800"}]}',
        "a.html": f"<p>{escaped}</p>",
        "a.xml": f"<p>{escaped}</p>",
    }.get(name, hidden)
    found = read(tmp_path, name, content.encode())
    assert "ignore all of this" in found.text
    assert "invisible characters left out" in "; ".join(found.notes)
    found.text.encode()


def test_a_line_of_10_mb_and_a_word_of_500_kb_are_cut(tmp_path: Path) -> None:
    for content in (b"word " * 2_000_000, b"x" * 500_000):
        text = read(tmp_path, "a.txt", content).text
        drafts = draft_chunks(text, is_markdown=False)
        assert max(draft.end - draft.start for draft in drafts) <= TARGET_CHARACTERS
        assert sum(draft.end - draft.start for draft in drafts) > 0.99 * len(text.strip())


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.eml"])
def test_a_remote_image_is_never_loaded(tmp_path: Path, name: str) -> None:
    content = {
        "a.md": "Seen ![x](http://127.0.0.1:9/?q=)",
        "a.html": '<p>Seen <img src="http://127.0.0.1:9/?q=" onerror="evil()">'
        "<script>evil()</script></p>",
        "a.eml": "From: a@x.org\r\nSubject: S\r\nContent-Type: text/html\r\n\r\n"
        '<p>Seen <img src="http://127.0.0.1:9/?q="></p>',
    }[name]
    found = read(tmp_path, name, content.encode())
    assert "Seen" in found.text
    assert "evil" not in found.text


def test_a_formula_is_text(tmp_path: Path) -> None:
    raw = b"name,value\nx,\"=cmd|' /C calc'!A0\"\ny,@SUM(1)\n"
    text = read(tmp_path, "a.csv", raw).text
    assert text == "name: x; value: =cmd|' /C calc'!A0\n\nname: y; value: @SUM(1)"


METHODS = re.compile(r"\bthis\.(sub|search|match|fullmatch|find\w+|split)\(")


def own_patterns() -> dict[str, tuple[re.Pattern[str], list[str]]]:
    """Every pattern of the ingest modules with the methods that its module calls on it.

    One that is never called by its name, as in a table, has those called on any `pattern`.
    """
    found: dict[str, tuple[re.Pattern[str], list[str]]] = {}
    modules = (each.name for each in pkgutil.walk_packages(ingest.__path__, "ingest."))
    for name in modules:
        if name.endswith("__main__"):
            continue
        module = importlib.import_module(name)
        source = Path(str(module.__file__)).read_text()
        for key, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                called = {*METHODS.findall(source.replace(f"{key}.", "this."))}
                called = called or {*METHODS.findall(source.replace("pattern.", "this."))}
                found[f"{name}.{key}"] = (value, sorted(called) or ["sub"])
    return found


PATTERNS = own_patterns()
PIECES = (
    *(
        "[",
        "![",
        "[a](",
        "**",
        "\\",
        "( ",
        "<",
        "<!--",
        "<v ",
        "<v a",
        "{\\",
        "\\item",
        "\\section{",
    ),
    *("\\cite[", "\\textbf{", "\\begin{tabular}{l}", "%", "a: ", "00:01", "00:00:01,000 --> ", "|"),
    *(
        "12/03/2024, 1",
        " ",
        "\n",
        "\n ",
        "\t",
        "x",
        ".",
        "a.",
        "-",
        "`",
        "'\"",
        "color: ",
        "1",
        "\\(",
        "~",
    ),
    *(
        "0.",
        "{",
        "{}",
        "\\section{{",
        "charset = ",
        "<meta ",
        "<title>",
        "ABC_",
        "+a",
        "é",
        "\u200e[",
    ),
)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_pattern_takes_linear_time(name: str) -> None:
    pattern, methods = PATTERNS[name]
    for piece in PIECES:
        line = piece * (50_000 // len(piece)) + "!"
        for method in methods:
            began = time.process_time()
            found = getattr(pattern, method)(*(("", line) if method == "sub" else (line,)))
            for _ in found if method.startswith("find") else ():
                pass
            assert time.process_time() - began < 5, piece


def test_sentences_of_hostile_text_take_linear_time() -> None:
    for piece in PIECES:
        began = time.process_time()
        split_sentences(piece * (50_000 // len(piece)))
        assert time.process_time() - began < 5, piece


@pytest.mark.parametrize("name", ["a.html", "a.tex", "a.vtt", "a.md", "a.txt", "a.csv", "a.rst"])
def test_every_reader_of_hostile_text_takes_linear_time(tmp_path: Path, name: str) -> None:
    for piece in PIECES:
        began = time.process_time()
        try:
            found = read(tmp_path, name, (piece * (50_000 // len(piece))).encode())
            draft_chunks(found.text, is_markdown=found.is_markdown)
        except ExtractionFailed as error:
            assert str(error)
        assert time.process_time() - began < 5, piece
