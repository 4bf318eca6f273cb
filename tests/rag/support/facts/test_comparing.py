"""Facts of a claim against those of a source, with the reason in words."""

import pytest

from rag.support.facts.comparing import compare
from rag.support.facts.statement import read_facts

LEAVE = "Full-time shore staff receive 26 working days of leave in addition to 11 public holidays."


def differences(claim: str, source: str, above: str = "") -> list[str]:
    found = compare(read_facts(claim), read_facts(source), read_facts(above))
    return [*found.differences, *found.gaps]


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        ("They receive 31 days.", LEAVE, "the source says 26 working days, not 31 days"),
        ("They receive 26 weeks.", LEAVE, "the source says 26 working days, not 26 weeks"),
        ("At most 3 rings.", "At least 3 rings.", "the source says at least, not at most"),
        ("Paid at 5 euros per mile.", "€5 per km.", "the source says per kilometre, not per mile"),
        ("It ends on 4 May 2025.", "It ends on 5 May 2025.", "the source names another date"),
        ("Only crews book.", "Crews book.", "the source does not say only"),
        (
            "Closed on all days.",
            "Closed on all days except Monday.",
            "the source makes an exception",
        ),
        (
            "Closed on all days without any exception.",
            "Closed on all days except Monday.",
            "the source makes an exception",
        ),
        ("Closed except on Monday.", "Closed on all days.", "the source makes no exception"),
        ("It leaves on Monday.", "It leaves on Friday.", "the source says friday, not monday"),
        (
            "Sail with the Solan.",
            "Sail with the Guillemot.",
            "the source speaks of Guillemot, not of Solan",
        ),
    ],
)
def test_what_differs_is_said(claim: str, source: str, reason: str) -> None:
    assert reason in differences(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Shore staff receive twenty-six days.", LEAVE),
        ("Nobody may bring more than three dogs.", "At most three dogs each."),
        ("It takes an hour and a half.", "It takes 90 minutes."),
        ("They meet on March 3rd.", "They meet on 3 March 2025."),
        ("Crews have to book.", "Every crew must book."),
    ],
)
def test_the_same_in_other_words_does_not_differ(claim: str, source: str) -> None:
    assert differences(claim, source) == []


def test_a_name_above_the_text_counts() -> None:
    assert differences("The bow of the Solan is red.", "The bow is red.", "Data sheet: Solan") == []


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("A stay lasts two days or more.", "A stay has a limit of 48 hours."),
        (
            "It is given back no earlier than 48 hours later.",
            "Given back within the next 48 hours.",
        ),
        ("Check in 30 minutes before departure at the earliest.", "It closes 30 minutes before."),
    ],
)
def test_a_limit_from_the_other_side_differs(claim: str, source: str) -> None:
    assert "the source says at most, not at least" in differences(claim, source)
