"""Duties, extents, comparisons and exchanges of a claim, held against those of a source."""

import pytest

from rag.adapters.embedding.word_vectors import MiniLMWords
from rag.ports import Evidence
from rag.support.reading import Reader
from rag.support.signals import SWAPPED, Held, hold

POSTS = "There are six charging posts at Port Maren. At Tarn Haven there are two charging posts."
HELD = "Certificates are stored in Shellfile, and Tideboard sends the reminders."
RATES = "Overtime is paid at 150 per cent for the first two hours and at 200 per cent after that."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(MiniLMWords())


def compare(reader: Reader, claim: str, source: str) -> Held:
    held = hold(reader.read([claim])[0], reader.read_evidence([Evidence(source)]))
    assert held is not None
    return held


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        ("Crews must book.", "Crews may book.", "the source says may, not must"),
        (
            "The master must refuse an animal that is out of control.",
            "The master may refuse an animal that is out of control.",
            "the source says may, not must",
        ),
        (
            "Up to three days must be sold, but leave cannot be taken in advance.",
            "Up to three days can be sold. It is not possible to take leave in advance.",
            "the source says can, not must",
        ),
        (
            "All crew members stay with the ship.",
            "Four crew members stay with the ship.",
            "the source says four, not all",
        ),
        (
            "Norrick Paints delivers every coat of the paint.",
            "The first coat of the paint is delivered by Norrick Paints.",
            "the source says first, not every",
        ),
        (
            "Tarn Haven has more charging posts than Port Maren.",
            POSTS,
            "the source says two and six",
        ),
    ],
)
def test_what_differs_is_said(reader: Reader, claim: str, source: str, reason: str) -> None:
    assert reason in compare(reader, claim, source).comparison.differences


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Crews can book.", "Crews may book."),
        ("Crews may not smoke.", "Crews must not smoke."),
        ("Crews need not book.", "Crews may book."),
        ("On Route 3 nobody may bring more than three dogs.", "Passengers may bring three dogs."),
        ("All four crew members stay with the ship.", "Four crew members stay with the ship."),
        ("Every ship has a café.", "Each of the five ships has a café."),
        (
            "Each costs 4 euros an hour, with an hour and a half at most.",
            "€4 an hour, at most 1.5.",
        ),
        ("Port Maren has more charging posts than Tarn Haven.", POSTS),
        ("Tarn Haven has no more charging posts than Port Maren.", POSTS),
        ("Port Maren has more charging posts than it had in 2023.", POSTS),
    ],
)
def test_what_is_said_in_other_words_does_not_differ(
    reader: Reader, claim: str, source: str
) -> None:
    assert compare(reader, claim, source).comparison.differences == []


def test_exchanged_amounts_and_names_are_noticed(reader: Reader) -> None:
    amounts = (
        "Overtime is paid at 200 per cent for the first two hours and at 150 per cent after that."
    )
    names = "Certificates are stored in Tideboard, and Shellfile sends the reminders."
    assert compare(reader, amounts, RATES).signals["amounts exchanged"] > SWAPPED
    assert compare(reader, RATES, RATES).signals["amounts exchanged"] < SWAPPED
    assert compare(reader, names, HELD).signals["names exchanged"] > SWAPPED
    assert compare(reader, HELD, HELD).signals["names exchanged"] < SWAPPED


def test_a_point_within_an_amount_parts_no_clauses(reader: Reader) -> None:
    source = "Their fares were €24.00 for the car with driver, €8.40 for the second adult."
    right = "The car with driver costs €24.00 and the second adult €8.40."
    wrong = "The car with driver costs €8.40 and the second adult €24.00."
    assert compare(reader, wrong, source).signals["amounts exchanged"] > SWAPPED
    assert compare(reader, right, source).signals["amounts exchanged"] < SWAPPED


def test_names_are_told_by_the_names_beside_them(reader: Reader) -> None:
    source = "The home harbour is Brannock Pier for the Petrel Queen and Kelda Quay for the Auk."
    wrong = (
        "Brannock Pier is the home harbour of the Auk, and Kelda Quay is that of the Petrel Queen."
    )
    assert compare(reader, wrong, source).signals["names exchanged"] > SWAPPED
