"""Amounts are read with their units, in the forms in which people write them."""

import pytest

from rag.answering.disagreeing.amounts import find_amounts


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("closes 20 minutes before", [("20", "minutes")]),
        ("at most two dogs", [("2", "dogs")]),
        ("höchstens zwölf Tage", [("12", "Tage")]),
        ("€1,314.50 per trip", [("1314.5", "€")]),
        ("1,80 Euro", [("1.8", "Euro")]),
        ("4 € each", [("4", "€")]),
        (
            "from 9:30 to 4 p.m. or 4:15 pm",
            [("09:30", "time"), ("16:00", "time"), ("16:15", "time")],
        ),
        ("by 15 May 2025", [("2025-05-15", "day")]),
        ("2025-05-15", [("2025-05-15", "day")]),
        ("30 %", [("30", "%")]),
        ("7", [("7", "")]),
        ("Route 3 and the Pico-7 of form F-12", []),
    ],
)
def test_amounts_have_a_value_and_a_unit(text: str, amounts: list[tuple[str, str]]) -> None:
    found = find_amounts(text)
    assert [(each.value, each.unit) for each in found] == amounts
    assert all(text[each.start : each.end].strip() for each in found)
