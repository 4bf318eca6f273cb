"""What a question asks for."""

import pytest

from rag.answering.extracting.intent import read_question


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What are the steps when a rope breaks?", "steps"),
        ("How do I hand in a claim?", "steps"),
        ("Which ships have a lift?", "list"),
        ("Name all the harbours.", "list"),
        ("Who attended the meeting?", "list"),
        ("Which ship is the longest?", "superlative"),
        ("Is the Solan longer than the Guillemot?", "comparison"),
        ("What is the speed of the Solan?", "fact"),
        ("At which harbour is she?", "fact"),
        ("How long may I stay at most?", "fact"),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_words(question: str, kind: str) -> None:
    assert read_question(question).kind == kind


def test_a_double_question_has_two_halves() -> None:
    asked = read_question("What does the card cost, and how long is it valid?")
    assert asked.halves == ("What does the card cost", "how long is it valid?")


def test_a_question_with_an_and_in_it_is_one() -> None:
    question = "What do cars and bicycles cost?"
    assert read_question(question).halves == (question,)


def test_the_same_asked_of_two_things_has_two_sides() -> None:
    assert read_question("Dog fares on Route 1 and Route 3?").sides == ("Route 1", "Route 3")
    assert read_question("Do dogs cost the same on Routes 1 and 3?").sides == ("Route 1", "Route 3")
    assert read_question("Hotel limit in 2023 and in 2025?").sides == ("2023", "2025")
    assert read_question("Which is longer, the Solan or the Heron?").sides == ("Solan", "Heron")
    assert read_question("What does a dog cost on Route 3?").sides == ()
