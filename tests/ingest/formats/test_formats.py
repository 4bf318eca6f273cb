"""What is read from each of the formats that are not office files, PDF or web pages."""

import json
from pathlib import Path

import pytest

from ingest.text.chunking import draft_chunks
from rag.errors import ExtractionFailed
from tests.ingest.files import read, zipped

VTT = """WEBVTT

NOTE made by hand
and not spoken

1
00:01:12.000 --> 00:01:15.000 align:start
<v Anna>The boat leaves

00:01:15.000 --> 00:01:18.000
<v Anna>at <b>nine</b> &amp; ten.

01:18.000 --> 01:20.000
<v Bo Li>Fine.</v>
"""
SRT = "1\r\n00:00:01,000 --> 00:00:04,000\r\nThe boat leaves\r\nat nine.\r\n\r\n"
ROLLING = (
    "WEBVTT\n\n00:01.000 --> 00:02.000\nwe leave\n\n00:02.000 --> 00:03.000\nwe leave\nat nine\n\n"
    "00:03.000 --> 00:04.000\nat nine\nfrom pier two\n"
)
LATEX = r"""\documentclass[11pt]{article}
\title{Boats \& Fares}\author{Ann Bee}
\begin{document}\maketitle
% a secret remark
\section{Fares}\label{a} A single costs \textbf{5 \emph{whole}} euro, 10\% off, $a^2+b^2$. % too
\begin{itemize}\item one \item[Two] two\end{itemize}
\begin{tabular}{ll}Kind & Fare\\ \hline Single & 5\\\end{tabular}
\subsection*{More}
\input{/etc/passwd} The last word.
\end{document}
"""
SLIDES = """<d xmlns:draw="d" xmlns:text="t" xmlns:presentation="p" xmlns:table="tb">
<draw:page><draw:frame presentation:class="title"><text:p>Fares</text:p></draw:frame>
<draw:frame><text:list><text:list-item><text:p>A single costs <text:span>5</text:span></text:p>
</text:list-item></text:list></draw:frame>
<presentation:notes><text:p>Say it slowly</text:p></presentation:notes></draw:page><draw:page/>
<draw:page><table:table><table:table-row><table:table-cell><text:p>Kind</text:p></table:table-cell>
<table:table-cell><text:p>Fare</text:p></table:table-cell></table:table-row><table:table-row>
<table:table-cell><text:p>Single</text:p></table:table-cell>
<table:table-cell><text:p>5</text:p></table:table-cell></table:table-row></table:table></draw:page>
</d>"""


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        (
            "a.vtt",
            VTT,
            "[00:01:12] Anna: The boat leaves at nine & ten.\n\n[00:01:18] Bo Li: Fine.",
        ),
        ("a.srt", SRT, "[00:00:01] The boat leaves at nine."),
        ("a.vtt", ROLLING, "[00:00:01] we leave at nine from pier two"),
    ],
)
def test_subtitles_say_when_and_who(tmp_path: Path, name: str, content: str, text: str) -> None:
    assert read(tmp_path, name, content.encode()).text == text


def test_a_notebook_gives_its_prose_code_and_shortened_outputs(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Fares\n", "All of them."]},
        {
            "cell_type": "code",
            "source": "print(1) # ```",
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[31m1\x1b[0m\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "y" * 3000}},
                {"output_type": "error", "ename": "KeyError", "evalue": "x", "traceback": ["t"]},
            ],
        },
    ]
    notebook = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
    text = read(tmp_path, "a.ipynb", json.dumps(notebook).encode()).text
    assert text.startswith(
        "# Fares\nAll of them.\n\n````python\nprint(1) # ```\n````\n\n```\n1\n```"
    )
    assert "y" * 2000 + "\n… 1,000 more characters" in text
    assert text.endswith("```\nKeyError: x\n```")


@pytest.mark.parametrize("content", ["{}", "[1]", "nonsense", '{"cells": 3}', "[" * 100_000])
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ExtractionFailed, match="not a notebook"):
        read(tmp_path, "a.ipynb", content.encode())


def test_a_record_gives_a_paragraph_and_a_bad_line_is_noted(tmp_path: Path) -> None:
    lines = '{"a": 1, "b": {"c": "x  y", "d": [1, "z"]}, "e": null}\nbad\n{"a": [{"q": true}]}\n'
    found = read(tmp_path, "a.jsonl", lines.encode())
    assert found.text == "a: 1; b.c: x y; b.d: 1, z\n\nbad\n\na.1.q: true"
    assert found.notes == ("not JSON, kept as text: line 2",)
    with pytest.raises(ExtractionFailed, match="no line of it is JSON"):
        read(tmp_path, "a.ndjson", b"bad\nworse\n")


def test_latex_gives_headings_lists_and_tables_and_opens_no_file(tmp_path: Path) -> None:
    found = read(tmp_path, "a.tex", LATEX.encode())
    assert found.text == (
        "## Fares\n\nA single costs 5 whole euro, 10% off, $a^2+b^2$.\n\n- one\n- Two: two\n\n"
        "| Kind | Fare |\n| --- | --- |\n| Single | 5 |\n\n### More\n\nThe last word."
    )
    assert (found.title, found.metadata) == ("Boats & Fares", {"author": "Ann Bee"})


def test_slides_are_pages_and_an_empty_one_is_named(tmp_path: Path) -> None:
    raw = zipped(tmp_path / "a.zip", **{"content.xml": SLIDES})
    found = read(tmp_path, "a.odp", raw)
    slides = [found.text[page.span.start : page.span.end] for page in found.pages]
    assert slides == [
        "# Fares\n\n- A single costs 5\n\nNotes: Say it slowly",
        "",
        "Kind: Single; Fare: 5",
    ]
    assert found.pages_without_text == (2,)
    assert found.notes == ("page 2 has no text",)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        (
            "slack.json",
            '[{"type": "message", "user": "U1", "user_profile": {"real_name": "Anna"},'
            ' "ts": "1710252300.0001", "text": "Hi &amp; see <https://x.org|the page>\\nnow"},'
            ' {"type": "message", "user": "U2", "ts": "1710252360.0", "text": "ok"}]',
            "[2024-03-12 14:05 UTC] Anna: Hi & see the page now\n\n[2024-03-12 14:06 UTC] U2: ok",
        ),
        (
            "result.json",
            '{"name": "Team", "messages": [{"type": "service", "date": "x"}, {"type": "message",'
            ' "date": "2024-03-12T14:05:00", "from": "Anna",'
            ' "text": ["see ", {"type": "link", "text": "https://x.org"}]}]}',
            "[2024-03-12 14:05] Anna: see https://x.org",
        ),
        (
            "chat.txt",
            "12/03/2024, 14:04 - Encrypted.\n12/03/2024, 14:05 - Anna: Hello\nall\n"
            "12/03/2024, 14:06 - Bo: Hi\n\u200e[12.03.24, 2:07:11\u202fPM] Anna: Bye",
            "12/03/2024, 14:04 - Encrypted.\n\n[12/03/2024 14:05] Anna: Hello all\n\n"
            "[12/03/2024 14:06] Bo: Hi\n\n[12.03.24 2:07:11 PM] Anna: Bye",
        ),
    ],
)
def test_chats_give_a_paragraph_a_message(
    tmp_path: Path, name: str, content: str, text: str
) -> None:
    assert read(tmp_path, name, content.encode()).text == text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '[{"type": "message", "text": "no time"}]'),
        ("a.json", '[{"type": "message", "ts": "1710252300.1", "text": "a"}, {"other": 1}]'),
        ("a.json", '{"messages": [{"type": "message", "text": "no sender", "date": "x"}]}'),
        ("a.json", '{"messages": ["plain"]}'),
        ("a.txt", "On 1/2/24, 10:00 - Anna: a line\nof a\ntext that\nis none\n"),
        ("a.txt", "1/2/24, 10:00 - Anna: one\n1/2/24, 10:01 - Bo: two"),
        ("a.txt", "2024-03-12 14:05:01 INFO: started\n" * 5),
        ("a.txt", "[2024-03-12 14:05:01] INFO: started\n" * 5),
        ("a.log", "2024-03-12, 14:05 - INFO: started\n" * 5),
    ],
)
def test_what_only_resembles_a_chat_is_kept_as_it_is(
    tmp_path: Path, name: str, content: str
) -> None:
    assert read(tmp_path, name, content.encode()).text == content


def test_xml_gives_records_and_paragraphs_without_tags(tmp_path: Path) -> None:
    content = """<?xml version="1.0" encoding="iso-8859-1"?><shop name="Léman"><title>Fares</title>
    <item id="1"><name>Boat</name><price>5</price></item><p>Some <b>bold</b>
    text.</p></shop>"""
    found = read(tmp_path, "a.xml", content.encode("latin-1"))
    assert found.text == ("name: Léman\n\nFares\n\nid: 1; name: Boat; price: 5\n\nSome bold text.")
    assert found.title == "Fares"


def test_xml_that_is_none_is_kept_and_noted(tmp_path: Path) -> None:
    found = read(tmp_path, "a.xml", b"<a><b>unclosed</a>")
    assert found.text == "<a><b>unclosed</a>"
    assert found.notes[0].startswith("not well-formed XML")


def test_front_matter_is_metadata_and_in_no_chunk(tmp_path: Path) -> None:
    raw = (
        "---\ntitle: Fares of 2024\ndate: 2024-03-12\ntags: [a, 2]\ndraft: false\n\n"
        'weight: "\\u202ex"\nnested: {a: 1}\n---\n# Fares\n\nFive.\n'
    )
    found = read(tmp_path, "a.md", raw.encode())
    assert found.text == raw
    assert found.title == "Fares of 2024"
    assert found.metadata == {
        "title": "Fares of 2024",
        "date": "2024-03-12",
        "tags": ("a", "2"),
        "draft": False,
        "weight": "x",
    }
    assert found.notes == ("front matter not kept: nested",)
    drafts = draft_chunks(found.text, is_markdown=True)
    assert [found.text[draft.start : draft.end] for draft in drafts] == ["# Fares\n\nFive."]


@pytest.mark.parametrize(
    ("front", "note"),
    [
        ("a: &x [1]\nb: *x", "it uses anchors or aliases"),
        ("a: [1", "expected ',' or ']'"),
        ("a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("a: " + "[" * 9_000, "not read"),
        ("a: " + "x" * 17_000, "longer than 16,000"),
        ("a: 2024-99-99", "not read"),
    ],
)
def test_front_matter_that_is_refused_is_noted_and_its_file_read(
    tmp_path: Path, front: str, note: str
) -> None:
    found = read(tmp_path, "a.md", f"---\n{front}\n---\nFive.\n".encode())
    assert note in found.notes[0]
    assert (found.metadata, found.title) == ({}, "")
    assert len(draft_chunks(found.text, is_markdown=True)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA text between rules.\n\n---\nMore.",
        "---\nA rule: and\nprose after it\n---\n",
        "---\n",
    ],
)
def test_a_rule_at_the_beginning_hides_no_text(text: str) -> None:
    drafts = draft_chunks(text, is_markdown=True)
    assert drafts[0].start == 0
    assert drafts[-1].end == len(text.rstrip())
