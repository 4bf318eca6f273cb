"""Greetings and thanks get a reply, questions an answer; another language is told."""

from pathlib import Path

import pytest

from rag.answering.courtesies import detect, reply_to, tell_language
from rag.domain import Answer, Message
from tests.small_corpus import make_plumbline


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("Hello", "Hello!"),
        ("Good morning everyone \N{WAVING HAND SIGN}", "Hello!"),
        ("Thank you so much!", "You are welcome."),
        ("Guten Tag", "Guten Tag!"),
        ("Vielen Dank", "Gern geschehen."),
        ("merci", "Je vous en prie."),
        ("\N{INVERTED EXCLAMATION MARK}Muchas gracias!", "De nada."),
        ("Buongiorno", "Buongiorno!"),
        ("Bedankt", "Graag gedaan."),
    ],
)
def test_a_greeting_or_thanks_gets_a_reply_in_its_language(message: str, begins: str) -> None:
    assert (reply_to(message, "small") or "").startswith(begins)


@pytest.mark.parametrize(
    "message",
    ["Hi, what does a dog cost?", "good", "Thank-you letters", "", "Morning crew", "Hi 5"],
)
def test_a_question_is_no_greeting(message: str) -> None:
    assert reply_to(message, "small") is None


async def test_a_greeting_is_answered_without_a_search(tmp_path: Path) -> None:
    conversation = [Message("user", "Hello there")]
    items = [item async for item in make_plumbline(tmp_path).answer(conversation, corpus="small")]
    answer = items[-1]
    assert isinstance(answer, Answer)
    assert answer.status == "answered"
    assert (answer.citations, answer.passages) == ((), ())
    assert [sentence.verdict for sentence in answer.sentences] == ["not_checked"]


def test_another_language_is_told_in_that_of_the_question() -> None:
    question = "Wie viel kostet ein Hund auf der Route 3?"
    assert detect(question) == "german"
    assert "anderen Sprache (English)" in tell_language(question, "english")
    assert tell_language(question, "german") == ""
    assert tell_language("Dog fare Route 3", "english") == ""


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Combien de jours de congé ai-je ?", "french"),
        ("Que faire en cas d'accident ?", "french"),
        ("Y a-t-il une réduction étudiants ?", "french"),
        ("Gibt es Rabatt für Studenten?", "german"),
        ("Welche Schiffe fahren nach Kelda Quay?", "german"),
        ("¿Cuántos días de vacaciones tengo?", "spanish"),
        ("A che ora parte l'ultimo traghetto?", "italian"),
        ("Posso portare la bicicletta?", "italian"),
        ("Hoeveel vakantiedagen heb ik?", "dutch"),
        ("What is an en route fee?", None),
        ("parking at the pier", None),
    ],
)
def test_the_language_of_a_short_question_is_told(question: str, language: str | None) -> None:
    assert detect(question) == language
