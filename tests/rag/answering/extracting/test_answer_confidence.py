"""The confidence in an extractive answer: read from its best unit, held to the threshold."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.memory.release import HashingEmbedder
from rag.adapters.memory.word_checker import WordChecker
from rag.answering.checking.judging import Checking
from rag.answering.extracting.answer_confidence import load_judge
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.turn import Draft
from rag.checkers import load_local_checker
from rag.domain import Answer, Message
from tests.small_corpus import make_plumbline, make_release, make_turn, search

PETS = "# Pets on Route 1\n\nDogs travel for 1.50 per crossing.\n\nCats travel in a basket."
WORDS_ALONE = ("reached", "lowest", "reached alone")
LOSSES = ("most lost", "lost", "most lost alone")


def reach_all(question: str, text: str, around: str) -> Mapping[str, float]:
    return dict.fromkeys(WORDS_ALONE, 1.0) | dict.fromkeys(LOSSES, 0.0)


def reach_nothing(question: str, text: str, around: str) -> Mapping[str, float]:
    return dict.fromkeys(WORDS_ALONE, 0.1) | dict.fromkeys(LOSSES, 0.9)


def answer(question: str, threshold: float, *, reaches: bool) -> Draft:
    release = make_release(texts={"pets.md": PETS})
    found = replace(search(question, release), threshold=threshold)
    reach = reach_all if reaches else reach_nothing
    return answer_extractively(make_turn(release, found), HashingEmbedder(), reach)


def test_an_answer_that_reaches_the_question_is_surer() -> None:
    question = "What does a dog cost on Route 1?"
    near, far = (answer(question, 0.0, reaches=each) for each in (True, False))
    assert near.confidence is not None
    assert far.confidence is not None
    assert 0 < far.confidence < near.confidence < 1


def test_below_the_threshold_nothing_is_quoted() -> None:
    question = "What does a dog cost on Route 1?"
    sure = answer(question, 0.0, reaches=False)
    assert sure.status == "answered"
    assert sure.confidence is not None
    refused = answer(question, sure.confidence + 0.01, reaches=False)
    assert (refused.status, refused.text, refused.citations) == ("abstained", "", ())


async def test_the_answer_says_the_confidence_that_decided(tmp_path: Path) -> None:
    asked = [Message("user", "How many days of leave do shore staff get?")]
    said = []
    for reach in (reach_all, reach_nothing):
        checking = Checking(WordChecker(), reach=reach)
        plumbline = make_plumbline(tmp_path, checking=checking, min_confidence=0.0)
        items = [item async for item in plumbline.answer(asked, corpus="small")]
        assert isinstance(items[-1], Answer)
        said.append(items[-1].confidence)
    assert said[1] < said[0]


def test_a_close_miss_is_less_sure_than_what_is_told() -> None:
    """With the packaged word vectors and weights."""
    release = make_release(texts={"pets.md": PETS})
    reach = load_local_checker().reach
    told, missed = (
        answer_extractively(
            make_turn(release, replace(search(question, release), threshold=0.0)),
            HashingEmbedder(),
            reach,
        ).confidence
        for question in ("What do dogs pay on Route 1?", "Which vaccine do dogs need on Route 1?")
    )
    assert told is not None
    assert missed is not None
    assert missed < told


def test_the_packaged_trees_hold_their_signs() -> None:
    names = {*WORDS_ALONE, *LOSSES, "search", "own", "context", "around", "title", "fits"}
    names |= {"unmet", "terms", "wants a number", "wants a time", "wants a person"}
    judge, low = load_judge(), dict.fromkeys(names, 0.5)
    for name in ("search", "reached", "around"):
        scores = [judge.judge(low | {name: value}) for value in (-4.0, 0.0, 0.4, 0.8, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert scores[0] < scores[-1] or name == "around"
    assert judge.judge(low | {"most lost": 0.9}) == pytest.approx(
        min(judge.judge(low | {"most lost": value}) for value in (0.0, 0.1, 0.3, 0.9))
    )
