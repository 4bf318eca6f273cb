"""Dates in many forms."""

import pytest

from rag.support.facts.dates import find_dates


@pytest.mark.parametrize(
    "text",
    [
        *("3 March 2025", "March 3rd, 2025", "2025-03-03", "3. März 2025", "le 3 mars 2025"),
        *("3 de marzo de 2025", "3 marzo 2025", "3 maart 2025", "03/03/2025", "3.3.2025"),
    ],
)
def test_a_day_is_the_same_in_every_form(text: str) -> None:
    (date,) = find_dates(text)
    assert date[:3] == (2025, 3, 3)


@pytest.mark.parametrize(
    "text", ["15–16 September", "September 15th and 16th.", "15 and 16 September"]
)
def test_days_that_share_a_month_are_two_dates(text: str) -> None:
    assert [date[:3] for date in find_dates(text)] == [(0, 9, 15), (0, 9, 16)]


def test_a_year_alone_holds_less_than_a_day() -> None:
    (year,), (day,) = find_dates("in 2025"), find_dates("3 March 2025")
    assert day.holds(year)
    assert not year.holds(day)


def test_a_date_has_its_bound() -> None:
    assert [date.bound for date in find_dates("from 1 May until 30 June")] == ["from", "until"]


def test_a_verb_is_no_month() -> None:
    assert find_dates("more than 12 hours in 24 may be worked") == ()
