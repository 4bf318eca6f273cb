"""Evidence taken apart: what carries a statement, and under what it is read."""

from rag.ports import Evidence
from rag.support.evidence_units import Unit, split_units

TABLE = "# Crew\n\n| Ship | Summer |\n|---|---|\n| Guillemot | 7 |\n"
LIST = "To report a fire:\n\n- Press the button.\n- Call 112.\n"
RECORD = "name: Ana Lind; role: Payroll officer; room_or_ship: Room 1.07\n"
PAGE = """Ferries Page 1
Limits
Gifts worth more than thirty euros are refused or handed to the raffle of the company each
winter. Nobody orders from relatives.
"""


def carrying(text: str, title: str = "", heading: tuple[str, ...] = ()) -> list[Unit]:
    return [unit for unit in split_units(Evidence(text, title, heading)) if unit.carries]


def test_a_row_is_read_with_the_names_of_its_columns() -> None:
    (row,) = carrying(TABLE, "Fleet")
    assert (row.text, row.context, row.kind) == ("Ship: Guillemot; Summer: 7", "Fleet. Crew", "row")


def test_a_record_is_read_as_words() -> None:
    (row,) = carrying(RECORD)
    assert row.text == "name: Ana Lind; role: Payroll officer; room or ship: Room 1.07"


def test_items_are_read_under_their_lead_in() -> None:
    lead, *items = carrying(LIST)
    assert [item.text for item in items] == ["Press the button.", "Call 112."]
    assert {item.context for item in items} == {lead.text}


def test_the_answer_to_a_question_is_read_with_it() -> None:
    units = split_units(Evidence("May dogs travel? Only on deck. They wear a lead."))
    assert [unit.kind for unit in units] == ["question", "sentence", "sentence"]
    assert [unit.context for unit in units] == ["", "May dogs travel?", ""]


def test_headings_without_marks_part_the_lines_of_a_page() -> None:
    assert [unit.context for unit in carrying(PAGE)][-1] == "Limits"
    assert [unit.kind for unit in split_units(Evidence(PAGE))].count("heading") == 1


def test_a_span_is_that_of_the_text_itself() -> None:
    (row,) = carrying(TABLE)
    assert TABLE[row.span.start : row.span.end] == "| Guillemot | 7 |"


def test_the_headings_given_hold_until_the_text_has_its_own() -> None:
    first, second = carrying("Before.\n\n# Own\n\nAfter.", "Title", ("Given",))
    assert (first.context, second.context) == ("Title. Given", "Title. Own")
