"""Days are read as people write them, and none is made up."""

import pytest

from rag.text.days import first_day, last_day, read_day, read_range_start


@pytest.mark.parametrize(
    "written",
    [
        *("1 March 2025", "1st of March, 2025", "March 1, 2025", "1 Mar. 2025", "01\nMarch 2025"),
        *("1. März 2025", "1. Maerz 2025", "1er mars 2025", "1 de marzo de 2025"),
        *("2025-03-01", "2025/03/01", "01.03.2025", "1.3.2025", "2025.03.01"),
    ],
)
def test_a_day_is_read_in_four_languages(written: str) -> None:
    assert read_day(written) == ("2025-03-01", len(written))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("May 2025", "2025-05"),
        ("mayo de 2025", "2025-05"),
        ("03/2025", "2025-03"),
        ("2025-03", "2025-03"),
        ("2025", "2025"),
        ("13/03/2025", "2025-03-13"),
        ("03/13/2025", "2025-03-13"),
    ],
)
def test_no_more_is_said_than_is_written(written: str, day: str) -> None:
    assert read_day(written) == (day, len(written))


@pytest.mark.parametrize(
    "written", ["31 February 2024", "31.06.2024", "2024-02-30", "1 January 2099", "03/04/2025"]
)
def test_no_such_day_and_a_day_of_two_meanings_are_empty(written: str) -> None:
    assert read_day(written) == ("", len(written))


@pytest.mark.parametrize("text", ["in March", "12025", "1,314 objects", "2025-03-011", "31"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("28 April to", "2025-04-28"),
        ("1 to", "2025-09-01"),
        ("30.-", "2025-09-30"),
        ("in May to", None),
    ],
)
def test_the_start_of_a_range_has_the_year_of_its_end(text: str, start: str | None) -> None:
    found = read_range_start(text, 0, "2025-09-28")
    assert (found and found[0]) == start


def test_a_month_and_a_year_have_a_first_and_a_last_day() -> None:
    assert [first_day(day) for day in ("", "2024", "2024-02", "2024-02-10")] == [
        *("", "2024-01-01", "2024-02-01", "2024-02-10")
    ]
    assert [last_day(day) for day in ("2024", "2024-02", "2024-02-10")] == [
        *("2024-12-31", "2024-02-29", "2024-02-10")
    ]
