"""Books, outlines, drawings and plain markups keep what their common parsers lose."""

from pathlib import Path

import pytest

from ingest.formats.office import _old_rows
from tests.ingest.files import read

BOOK = """<?xml version="1.0" encoding="windows-1251"?><FictionBook><description><title-info>
<author><first-name>Анна</first-name><last-name>Би</last-name></author><book-title>Паром</book-title>
</title-info></description><body><section><title><p>One</p><p>Two</p></title><section>
<title><p>Sub</p></title><p>It is <emphasis>so</emphasis>.</p><poem><stanza><v>A verse</v></stanza>
</poem><table><tr><th>Kind</th><th>Fare</th></tr><tr><td>Bike</td><td>3</td></tr></table></section>
</section></body><body name="notes"><section><title><p>1</p></title><p>A note.</p></section></body>
<binary id="i" content-type="image/png">AAAA</binary></FictionBook>"""
OUTLINE = """<opml version="2.0"><head><title>Boats</title></head><body><outline text="Top">
<outline text="Leaf"/><outline text="Noted" _note="A note."/></outline>
<outline type="rss" title="Feed" description="Described"/></body></opml>"""
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg"><title>Piers</title><style>a{}</style>
<path d="M0 0"/><g><text>H<tspan>2</tspan>O<tspan x="1">below</tspan></text></g></svg>"""
TABLES = """=====  =====  ======
   Inputs     Output
------------  ------
A      B      A or B
=====  =====  ======
Möwe   Boot   ja
=====  =====  ======

+--------+------------+
| Kind   | Fare       |
+========+============+
| Single | 12 € and   |
|        | more       |
+--------+------------+

==== ====
Kind Fare
==== ====
Bike 3 €
     a day
Dog
==== ====

.. list-table:: Seats
   :header-rows: 1

   * - Deck
     - Forty

======  no table

.. note:: Said once,
   and whole.
"""
ORG = """#+TITLE: Boats
#+AUTHOR: Ann
* Fares :tag:
:PROPERTIES:
:ID: x
:END:
:smile: A fare -- 1--2, ~--flag~.
# a remark
#+CAPTION: A caption
#+BEGIN_SRC sh
ls -- a # :END:
#+END_SRC
"""


def test_a_book_keeps_its_tables_verses_and_notes(tmp_path: Path) -> None:
    found = read(tmp_path, "a.fb2", BOOK.encode("cp1251"))
    assert found.text == (
        "## One Two\n\n### Sub\n\nIt is so.\n\nA verse\n\nKind: Bike; Fare: 3\n\n## 1\n\nA note."
    )
    assert (found.title, found.metadata) == ("Паром", {"author": "Анна Би"})


def test_an_outline_keeps_its_notes_and_descriptions(tmp_path: Path) -> None:
    found = read(tmp_path, "a.opml", OUTLINE.encode())
    assert found.text == "# Top\n\nLeaf\n\n## Noted\n\nA note.\n\nFeed\n\nDescribed"
    assert found.title == "Boats"


def test_a_drawing_gives_its_words_and_no_shapes(tmp_path: Path) -> None:
    found = read(tmp_path, "a.svg", DRAWING.encode())
    assert (found.title, found.text) == ("Piers", "Piers\n\nH2O below")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.fb2", "<FictionBook><body><section><p>A&nbsp;book.</p></section></body></FictionBook>"),
        ("a.svg", "<svg><text>A&nbsp;book.</text></svg>"),
    ],
)
def test_what_is_not_well_formed_is_read_as_far_as_it_goes(
    tmp_path: Path, name: str, content: str
) -> None:
    assert "book." in read(tmp_path, name, content.encode()).text


def test_tables_of_restructured_text_are_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "a.rst", TABLES.encode())
    assert found.text.startswith(
        "A | B | A or B\n\nMöwe | Boot | ja\n\nKind: Single; Fare: 12 € and more\n\n"
        "Kind: Bike; Fare: 3 € a day\n\nKind: Dog\n\nSeats\n\n"
    )
    assert "Deck\n- Forty" in found.text
    assert "no table" in found.text
    assert found.text.endswith("> Said once, and whole.")
    assert found.text.count("Said once") == 1


def test_org_keeps_its_text_and_no_settings(tmp_path: Path) -> None:
    found = read(tmp_path, "a.org", ORG.encode())
    assert found.text == (
        "# Fares\n\n:smile: A fare – 1–2, `--flag`.\n\nA caption\n\n```sh\nls -- a # :END:\n```"
    )
    assert (found.title, found.metadata) == ("Boats", {"author": "Ann"})


def test_cells_of_an_old_word_file_are_a_table_only_where_rows_are_equal() -> None:
    assert list(_old_rows("Name:\t\tAnna")) == ["Name:\t\tAnna"]
    assert list(_old_rows("a\tb\t\tc\td\t\t")) == ["a: c; b: d"]
