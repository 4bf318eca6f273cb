"""Which version a question means, in its own words."""

import pytest

from rag.retrieval.versions.asked import AskedVersion, read_asked_version

TODAY = "2026-06-15"


@pytest.mark.parametrize(
    "question",
    [
        "What did the old parking rules say about trailers?",
        "How high was the fee under the previous version?",
        "What was the limit before the change?",
        "What did visitors pay before that?",
        "Before the latest revision, who could park?",
        "Did visitors use to pay for a day?",
        "What did parking formerly cost?",
        "In the version before this one, how long was the visit?",
        "Was stand in der bisherigen Richtlinie zu Hunden?",
        "Wie hoch war die Gebühr früher?",
        "Was galt nach der alten Regelung?",
        "Quel était le tarif dans l'ancien règlement ?",
        "¿Cuánto se pagaba según las normas anteriores?",
    ],
)
def test_words_for_what_was_ask_for_the_version_before(question: str) -> None:
    assert read_asked_version(question, TODAY) == AskedVersion("former")


@pytest.mark.parametrize(
    "question",
    [
        "How many days before the trip must I ask?",
        "How old must a child be to park?",
        "May a 12 years old scooter be parked?",
        "What is the current limit?",
        "Is the old limit of 10 km/h still in force?",
        "Where is the old harbour?",
        "How early may I come before departure?",
        "Who was captain in the storm?",
        "Can a lost card be replaced by a signed letter?",
        "Which form is used to claim parking?",
        "Do former employees park free?",
        "May I use the ticket of the previous day?",
        "Is the fee no longer charged on Sundays?",
        "Wie viel früher muss ich da sein?",
        "Wo liegt der alte Hafen?",
        "Où est l'ancien port ?",
        "¿Vale el billete del día anterior?",
        "Was kostet das Parken vor dem Haus?",
    ],
)
def test_other_questions_ask_for_the_version_in_force(question: str) -> None:
    assert read_asked_version(question, TODAY) == AskedVersion("current")


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("What did parking cost in 2023?", "2023-12-31"),
        ("What did parking cost in February 2024?", "2024-02-29"),
        ("I parked on 3 May 2024. What do I pay?", "2024-05-03"),
        ("Was kostete das am 3. Mai 2024?", "2024-05-03"),
        ("What does it cost in 2026?", TODAY),
        ("What will it cost in 2027?", "2027-12-31"),
    ],
)
def test_a_day_asks_for_the_version_in_force_on_it(question: str, day: str) -> None:
    assert read_asked_version(question, TODAY).days == (day,)


def test_a_version_is_asked_for_by_its_number() -> None:
    assert read_asked_version("What did version 3.1 say?", TODAY) == AskedVersion(version="3.1")
    assert read_asked_version("And in v2.0?", TODAY).version == "2.0"


@pytest.mark.parametrize(
    "question",
    [
        "What changed in the parking rules?",
        "How has the fee changed?",
        "What is the difference between the old and the new rules?",
        "Was hat sich geändert?",
        "How do the fees of 2023 and 2025 compare?",
    ],
)
def test_a_comparison_asks_for_all_versions(question: str) -> None:
    assert read_asked_version(question, TODAY).wanted == "all"


def test_a_draft_is_asked_for_by_name() -> None:
    assert read_asked_version("What does the draft say of trailers?", TODAY).wanted == "draft"
