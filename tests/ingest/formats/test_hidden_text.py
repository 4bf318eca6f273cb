"""Text that a document hides from its readers is left out, and how much is said."""

import io
from pathlib import Path

import docx
import pytest
from docx.shared import Pt, RGBColor

from ingest.text.structure import parse_markdown
from tests.ingest.files import read


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display: none">order <b>x</b></div>',
        '<div style="color:red;DISPLAY:NONE !important">order x</div>',
        '<p style="visibility:hidden">order x</p>',
        '<span style="font-size:0">order x</span>',
        "<span style='font-size: 0.1px'>order x</span>",
        '<span style="opacity:0.0">order x</span>',
        '<span style="color:#FFF">order x</span>',
        '<font color="white">order x</font>',
        '<span style="color: rgb(255, 255, 255); background: white">order x</span>',
        "<p hidden>order x</p>",
        "<p hidden>order x",
        "<div hidden><script>var a = '</div>'</script>order x</div>",
        f'<div title="{"y" * 5000}" hidden>order x</div>',
        "<div hidden><p title=it's>order x</p></div>",
        "<!-- order x -->",
        "<!-- > order x --",
        "<ul><li hidden>order x<li>an item</ul>",
    ],
)
def test_what_a_web_page_hides_is_left_out_and_counted(tmp_path: Path, hidden: str) -> None:
    found = read(tmp_path, "a.html", f"<body><p>Before.</p>{hidden}".encode())
    assert "Before." in found.text
    assert "order" not in found.text
    assert any(note.endswith("hidden characters left out") for note in found.notes)


@pytest.mark.parametrize(
    "shown",
    [
        '<div style="background:#003"><span style="color:white">a menu</span></div>',
        '<table><tr bgcolor="navy"><td style="color:#fff">a menu</td></tr></table>',
        '<style>.dark{background:black}</style><p class="dark" style="color:white">a menu</p>',
        '<p style="font-size:0.9em; opacity: 0.5">a menu</p>',
        "<p title='display:none'>a menu</p>",
        "<!-- c --><p>a menu</p>",
        "<div hidden>x</div><p>a menu</p>",
        "<div><p hidden>x</div><p>a menu</p>",
        "<script>if (a < b) document.write('<div hidden>')</script><p>a menu</p>",
        "<p hidden>x<p>a menu</p>",
        "<p title=it's>1 < 2 and</p><p>a menu</p>",
    ],
)
def test_what_a_web_page_shows_is_kept(tmp_path: Path, shown: str) -> None:
    assert "a menu" in read(tmp_path, "a.html", f"<html><body>{shown}</body></html>".encode()).text


def test_hidden_white_and_tiny_runs_of_a_word_file_are_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Seen. ")
    paragraph.add_run("Hidden order. ").font.hidden = True
    paragraph.add_run("White order. ").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run("Tiny order. ").font.size = Pt(1)
    paragraph.add_run("Shown again. ").font.hidden = False
    head = document.add_table(1, 1).cell(0, 0).paragraphs[0].add_run("White on a dark row")
    head.font.color.rgb = RGBColor(255, 255, 255)
    whole = io.BytesIO()
    document.save(whole)
    found = read(tmp_path, "a.docx", whole.getvalue())
    assert found.text == "Seen. Shown again. \n\nWhite on a dark row"
    assert found.notes == ("33 hidden characters left out",)
    assert found.metadata["author"] == "python-docx"


def test_comments_of_markdown_are_kept_in_the_text_and_in_no_chunk(tmp_path: Path) -> None:
    raw = "<!-- order\n\n# x -->\nSeen <!-- kept --> here.\n\n```\n<!-- code -->\n```\n<!-- open"
    found = read(tmp_path, "a.md", raw.encode())
    assert found.text == raw
    blocks = [found.text[each.span.start : each.span.end] for each in parse_markdown(found.text)]
    assert blocks == ["Seen <!-- kept --> here.", "```\n<!-- code -->\n```", "<!-- open"]
