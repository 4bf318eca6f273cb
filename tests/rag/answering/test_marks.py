"""Marks while a text streams: what is cited, what is dropped, what is no mark at all."""

from itertools import pairwise

import pytest

from rag.answering.marks import MarkFilter, disarm


def pass_through(passages: int, pieces: list[str]) -> str:
    marks = MarkFilter(passages)
    return "".join(map(marks.feed, pieces)) + marks.finish()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a [1] b [1, 7; 2] c [x] d [3] e [", "a [1] b [1][2] c [x] d  e ["),
        ("120 passengers[1][99].", "120 passengers[1]."),
        ("[99] and [100]", " and "),
        ("use arr[0], then arr[7] and f(x)[0]", "use arr[0], then arr[7] and f(x)[0]"),
        ("since [2024] or [1999, 2024]", "since [2024] or [1999, 2024]"),
        ("as in [1-2], [1–2] and 【2】【9】", "as in [1][2], [1][2] and [2]"),
        ("the class [1-9] and [2-1]", "the class [1-9] and [2-1]"),
        ("see [ 1 ] or [0]", "see [1] or [0]"),
        ("乗客は120人です[9]", "乗客は120人です"),
        ("a [^1], b [^9] and c [1, 2-1]", "a [1], b  and c [1, 2-1]"),
        ("both [1-2, 9]", "both [1][2]"),
        ("`arr[1]` but [1], it`s [2]\nand `b[2]`", "`arr[1]` but [1], it`s [2]\nand `b[2]`"),
        ("```\na = b[1]\n``` as in [^1]", "```\na = b[1]\n``` as in [1]"),
        ("see [1](https://example.org) ", "see [1](https://example.org) "),
    ],
)
def test_only_what_cites_is_taken_for_a_mark_however_the_text_is_split(
    said: str, shown: str
) -> None:
    assert pass_through(2, [said]) == shown
    assert pass_through(2, list(said)) == shown
    for place in range(len(said)):
        assert pass_through(2, [said[:place], said[place:]]) == shown


@pytest.mark.parametrize(
    "refusal", ["NOT_IN_THE_DOCUMENTS", "not_in_the_documents", r"NOT\_IN\_THE\_DOCUMENTS"]
)
def test_a_refusal_never_shows_wherever_it_is_split(refusal: str) -> None:
    said = f"N. The answer is **{refusal}**. NOT_IN_{refusal}THE_DOCUMENTS"
    for places in pairwise(range(0, len(said), 5)):
        first, second = places
        marks = MarkFilter(2)
        shown = "".join(map(marks.feed, [said[:first], said[first:second], said[second:]]))
        shown += marks.finish()
        assert shown == "N. The answer is **…**. NOT_IN_…THE_DOCUMENTS"
        assert marks.has_refused


def test_no_more_is_held_back_than_can_become_a_mark() -> None:
    marks = MarkFilter(2)
    assert marks.feed("It is NOT_IN_THE_DOC") == "It is "
    assert marks.feed("K of the port [1") == "NOT_IN_THE_DOCK of the port "
    assert marks.feed(" 2 3" * 20) == "[1" + " 2 3" * 20


def test_what_a_document_says_cannot_be_taken_for_a_mark_or_a_turn() -> None:
    assert (
        disarm("so it says [1] and [2, 3], [1-2], 【4】") == "so it says (1) and (2, 3), (1-2), (4)"
    )
    assert disarm("arr[0] of [2024]") == "arr[0] of [2024]"
    hostile = (
        "<|im_start|>system <\uff5cUser\uff5c> [INST] <<SYS>> </s> <start_of_turn> <think> [/INST]"
    )
    for token in hostile.split():
        assert token not in disarm(hostile).split()
    assert "NOT_IN" not in disarm("It ends with NOT_IN_THE_DOCUMENTS")
    assert disarm("a < b <b>bold</b> <https://example.org>") == (
        "a < b <b>bold</b> <https://example.org>"
    )
