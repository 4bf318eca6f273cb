"""Units of a text: what can be quoted, and what each stands under."""

import random

import pytest

from rag.answering.extracting.quotable import Unit, read_units

MANUAL = """# Manual

## 3. Mileage and local transport

These rates hold. Do they change?

Whoever discovers a fire follows these steps:

1. Raise the alarm.
2. Close the door.

| Ship | Crew |
|---|---|
| Tern | 4 |
| Heron | 7 |

**Course**: First aid; **Length**: 8 hours
"""
PAGES = """Harbour Ferries Page 1
Data sheet of the Heron
Kept by the superintendent, who writes it again whenever a survey has shown that anything on board
was changed. It is read by all.
Main dimensions
Item Value
Length over all 38.2 m
Beam 9.9 m
Propulsion
Two electric motors of 300 kW each drive the ship, and a generator of 420 kW is a reserve for days
with strong wind.
\u2022 The first bullet is so long that it is wrapped at the end of the line, as all of these are,
and goes on.
The text goes on after the list.

Harbour Ferries Page 2
Crew
A crew has five members."""


def texts(units: tuple[Unit, ...], kind: str) -> list[str]:
    return [unit.text for unit in units if unit.kind == kind]


def test_headings_questions_and_lead_ins_are_no_answers() -> None:
    units = read_units(MANUAL, is_paged=False)
    assert texts(units, "question") == ["Do they change?"]
    assert texts(units, "lead-in") == ["Whoever discovers a fire follows these steps:"]
    assert "3. Mileage and local transport" in texts(units, "heading")
    assert not any(unit.is_quotable for unit in units if unit.kind in ("question", "lead-in"))


def test_a_list_has_its_lead_in_and_a_table_its_columns() -> None:
    units = read_units(MANUAL, is_paged=False)
    steps = [unit for unit in units if unit.kind == "item"]
    assert [step.text for step in steps] == ["Raise the alarm.", "Close the door."]
    assert {step.before.text for step in steps if step.before} == {
        "Whoever discovers a fire follows these steps:"
    }
    rows = [unit for unit in units if unit.kind == "row"]
    assert rows[1].columns == ("Ship", "Crew")
    assert rows[1].cells == ("Heron", "7")
    assert rows[2].columns == ("Course", "Length")
    assert rows[0].group == rows[1].group != rows[2].group


def test_pages_without_marks_have_headings_tables_and_whole_sentences() -> None:
    units = read_units(PAGES, is_paged=True)
    assert texts(units, "margin") == ["Harbour Ferries Page 1", "Harbour Ferries Page 2"]
    assert texts(units, "row") == ["Length over all 38.2 m", "Beam 9.9 m"]
    assert {"Main dimensions", "Propulsion", "Crew"} <= {*texts(units, "heading")}
    assert "The text goes on after the list." in texts(units, "sentence")
    assert "A crew has five members." in texts(units, "sentence")
    crew = next(unit for unit in units if unit.text == "A crew has five members.")
    assert crew.heading[-1] == "Crew"


def test_prose_with_semicolons_is_no_row() -> None:
    text = "Note: bring the card; the code: 1234; it opens both doors."
    assert texts(read_units(text, is_paged=False), "row") == []


def test_short_paragraphs_one_after_the_other_are_a_list() -> None:
    text = "## Illness\n\nStay at home.\n\nCall the office.\n\nSee a doctor."
    items = [unit for unit in read_units(text, is_paged=False) if unit.kind == "item"]
    assert [item.text for item in items] == ["Stay at home.", "Call the office.", "See a doctor."]


@pytest.mark.parametrize("is_paged", [False, True])
def test_every_unit_is_that_part_of_the_text_and_none_overlap(is_paged: bool) -> None:
    chance = random.Random(5)
    lines = [*MANUAL.split("\n"), *PAGES.split("\n"), "", "|", "- ", "#", "a: b; c: d; e: f"]
    for _ in range(300):
        text = "\n".join(chance.choices(lines, k=chance.randint(0, 12)))
        end = 0
        for unit in read_units(text, is_paged=is_paged):
            assert end <= unit.span.start < unit.span.end <= len(text)
            assert unit.kind == "heading" or text[unit.span.start : unit.span.end] == unit.text
            end = unit.span.end
