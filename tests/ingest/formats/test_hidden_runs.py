"""Word files that hide text by what a run or its styles say: left out, and all else is kept."""

from pathlib import Path

import pytest

from tests.ingest.files import read, word_file

SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ON = "<w:vanish/>"
OFF = '<w:vanish w:val="0"/>'
WHITE = '<w:color w:val="FFFFFF"/>'
DARK = '<w:shd w:val="clear" w:fill="003366"/>'
SEEN = "<w:p><w:r><w:t>Seen.</w:t></w:r></w:p>"


def run(properties: str, text: str) -> str:
    """A run of text with these properties."""
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(content: str, properties: str = "") -> str:
    """A paragraph with these properties."""
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def style(name: str, properties: str, kind: str = "character", more: str = "") -> str:
    """A style of runs or paragraphs."""
    head = f'<w:style w:type="{kind}" w:styleId="{name}" {more if "=" in more[:11] else ""}>'
    based = "" if "=" in more[:11] or not more else f'<w:basedOn w:val="{more}"/>'
    return f"{head}{based}<w:rPr>{properties}</w:rPr></w:style>"


def file(body: str, styles: str = "") -> bytes:
    """A Word file with this body and these styles."""
    parts = {
        "word/document.xml": f"<w:document {SPACE}><w:body>{SEEN}{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {SPACE}>{styles}</w:styles>",
    }
    return word_file(parts={name: part.encode() for name, part in parts.items()})


def cell(properties: str, content: str) -> str:
    """A table of one cell."""
    inner = f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"
    return f"<w:tbl><w:tr>{inner}</w:tr></w:tbl>"


STYLED = run('<w:rStyle w:val="x"/>', "order")
IN_STYLE = '<w:pStyle w:val="x"/>'
DEFAULTS = f"<w:docDefaults><w:rPrDefault><w:rPr>{ON}</w:rPr></w:rPrDefault></w:docDefaults>"

HIDDEN = {
    "direct": (paragraph(run(ON, "order")), ""),
    "character style": (paragraph(STYLED), style("x", ON)),
    "based on": (paragraph(STYLED), style("x", "", more="y") + style("y", ON)),
    "paragraph style": (paragraph(run("", "order"), IN_STYLE), style("x", ON, "paragraph")),
    "standard style": (
        paragraph(run("", "order")) + paragraph(run(OFF, "a")),
        style("n", '<w:sz w:val="2"/>', "paragraph", 'w:default="1"'),
    ),
    "near white": (paragraph(run('<w:color w:val="FEFEFE"/>', "order")), ""),
    "white in a style": (paragraph(STYLED), style("x", WHITE)),
    "white of the theme": (
        paragraph(run('<w:color w:val="auto" w:themeColor="background1"/>', "order")),
        "",
    ),
    "dark on a dark run": (paragraph(run(f'<w:color w:val="003366"/>{DARK}', "order")), ""),
    "dark on a dark paragraph": (paragraph(run('<w:color w:val="003366"/>', "order"), DARK), ""),
    "dark in a dark cell": (cell(DARK, paragraph(run('<w:color w:val="003265"/>', "order"))), ""),
    "yellow on yellow": (
        paragraph(run('<w:color w:val="FFFF00"/><w:highlight w:val="yellow"/>', "order")),
        "",
    ),
    "white, only its mark is shaded": (
        paragraph(run(WHITE, "order"), f"<w:rPr>{DARK}</w:rPr>"),
        "",
    ),
    "tiny": (paragraph(run('<w:sz w:val="2"/>', "order")), ""),
    "tiny in a style": (paragraph(STYLED), style("x", '<w:sz w:val="1"/>')),
    "shown before it was changed": (
        paragraph(run(f"{ON}<w:rPrChange><w:rPr>{OFF}</w:rPr></w:rPrChange>", "order")),
        "",
    ),
    "endless styles": (
        paragraph(STYLED),
        style("x", ON, more="y") + style("y", "", more="x"),
    ),
}

SHOWN = {
    "switched off": (paragraph(run(f'<w:rStyle w:val="x"/>{OFF}', "a menu")), style("x", ON)),
    "styles that turn each other around": (
        paragraph(run('<w:rStyle w:val="x"/>', "a menu"), '<w:pStyle w:val="y"/>'),
        style("x", ON) + style("y", ON, "paragraph"),
    ),
    "only the mark": (paragraph(run("", "a menu"), f"<w:rPr>{ON}</w:rPr>"), ""),
    "for joining paragraphs": (paragraph(run("<w:specVanish/>", "a menu")), ""),
    "hidden from the web view": (paragraph(run("<w:webHidden/>", "a menu")), ""),
    "white on a dark run": (paragraph(run(WHITE + DARK, "a menu")), ""),
    "white on a dark paragraph": (paragraph(run(WHITE, "a menu"), DARK), ""),
    "white on a dark style": (
        paragraph(run(WHITE, "a menu"), IN_STYLE),
        f'<w:style w:type="paragraph" w:styleId="x"><w:pPr>{DARK}</w:pPr></w:style>',
    ),
    "white in a dark cell": (cell(DARK, paragraph(run(WHITE, "a menu"))), ""),
    "white in a table": (cell("", paragraph(run(WHITE, "a menu"))), ""),
    "white on a pattern": (
        paragraph(run(f'{WHITE}<w:shd w:val="solid" w:color="000000" w:fill="FFFFFF"/>', "a menu")),
        "",
    ),
    "pale": (paragraph(run('<w:color w:val="BFBFBF"/>', "a menu")), ""),
    "a style that is not there": (paragraph(run('<w:rStyle w:val="z"/>', "a menu")), ""),
    "broken styles": (paragraph(run("", "a menu")), "<w:style>"),
}


@pytest.mark.parametrize(("body", "styles"), HIDDEN.values(), ids=HIDDEN)
def test_a_run_that_is_hidden_is_left_out_and_counted(
    tmp_path: Path, body: str, styles: str
) -> None:
    found = read(tmp_path, "a.docx", file(body, styles))
    assert "order" not in found.text
    assert found.notes[0].endswith("hidden characters left out")


@pytest.mark.parametrize(("body", "styles"), SHOWN.values(), ids=SHOWN)
def test_a_run_that_can_be_seen_is_kept(tmp_path: Path, body: str, styles: str) -> None:
    found = read(tmp_path, "a.docx", file(body, styles))
    assert found.text == "Seen.\n\na menu"
    assert found.notes == ()


def test_a_document_hidden_by_its_defaults_holds_no_text(tmp_path: Path) -> None:
    found = read(tmp_path, "a.docx", file(paragraph(run(OFF, "a menu")), DEFAULTS))
    assert found.text == "a menu"
    assert found.notes == ("5 hidden characters left out",)


def test_hidden_footnotes_are_left_out(tmp_path: Path) -> None:
    notes = f"<w:footnote>{paragraph(run(ON, 'order'))}</w:footnote>"
    part = f"<w:footnotes {SPACE}>{notes}</w:footnotes>".encode()
    found = read(tmp_path, "a.docx", word_file(parts={"word/footnotes.xml": part}))
    assert found.notes == ("5 hidden characters left out",)
