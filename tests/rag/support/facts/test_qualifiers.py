"""Denials, and what stands before a statement."""

import pytest

from rag.support.facts.qualifiers import FRAME, find_denials


@pytest.mark.parametrize("text", ["Nobody is refused twice.", "She moves without loss of pay."])
def test_a_denial_of_a_word_that_denies_is_none(text: str) -> None:
    assert not find_denials(text)


@pytest.mark.parametrize("text", ["Nobody may smoke.", "Dogs travel without a ticket."])
def test_a_denial_is_found(text: str) -> None:
    assert len(find_denials(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "According to the rules, dogs may board.",
        "Please note that dogs may board.",
        "In short, dogs may board.",
    ],
)
def test_what_leads_to_a_statement_is_no_part_of_it(text: str) -> None:
    assert FRAME.sub("", text) == "dogs may board."
