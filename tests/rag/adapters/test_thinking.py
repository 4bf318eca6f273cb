"""Thinking inside a reply is left out, however the server cuts its text."""

import pytest

from rag.adapters.chat.thinking import ThinkingFilter


def pass_through(pieces: list[str], *, begins_inside: bool = False) -> str:
    thinking = ThinkingFilter(begins_inside=begins_inside)
    return "".join(map(thinking.feed, pieces)) + thinking.finish()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<think>\nsecret\n</think>\n\nIt is 120.", "It is 120."),
        ("<thinking>secret</thinking>It is 120.", "It is 120."),
        ("<Reasoning>secret < 2 </i></Reasoning> It is 120.", "It is 120."),
        ("It is <think>secret</think>120.", "It is 120."),
        ("<think></think>\n\nIt is 120.", "It is 120."),
        ("<think>secret", ""),
        ("<think>secret</think> \n", ""),
        ("2 < 3 and <b>x</b> <thin", "2 < 3 and <b>x</b> <thin"),
        (" \n ", ""),
    ],
)
def test_thinking_never_shows_wherever_it_is_split(said: str, shown: str) -> None:
    assert pass_through([said]) == shown
    assert pass_through(list(said)) == shown
    for place in range(len(said)):
        assert pass_through([said[:place], said[place:]]) == shown


def test_no_more_is_held_back_than_can_become_a_tag() -> None:
    thinking = ThinkingFilter()
    assert thinking.feed("a <thin") == "a "
    assert thinking.feed("g b") == "<thing b"


def test_a_reply_that_begins_inside_is_read_from_its_closing_tag() -> None:
    assert pass_through(["secret", "</thi", "nk>It is 120."], begins_inside=True) == "It is 120."


def test_a_reply_that_was_wrongly_taken_to_begin_inside_is_given_back() -> None:
    assert pass_through([" It is", " 120 <th"], begins_inside=True) == "It is 120 <th"
    assert pass_through(["<think>secret</think>It is"], begins_inside=True) == "It is"


def test_thinking_that_was_shown_before_its_closing_tag_came_is_known_to_have_leaked() -> None:
    thinking = ThinkingFilter()
    assert thinking.feed("secret</think>It is") == "It is"
    assert not thinking.has_leaked
    thinking = ThinkingFilter()
    assert thinking.feed("secret") == "secret"
    thinking.feed("</think>It is")
    assert thinking.has_leaked
