"""Which sentences of a text are quoted for a claim."""

from rag.ports import Evidence
from rag.support.alignment import AlignedEvidence

LEAVE = """# Leave

## Ashore

Full-time shore staff receive 26 working days of leave a year. Part-time staff receive leave in
proportion to their hours. The leave year is the calendar year.

## At sea

Seagoing staff work 14 days on and 14 days off. In addition they have six floating days.

## Other leave

| Reason | Paid days |
|---|---|
| Own wedding | 2 |
| Moving house | 1 |
"""
FAQ = "### Can I charge my car?\n\nCan I charge my electric car on board? Never on board."


def quote(claim: str, text: str) -> str:
    span = AlignedEvidence([Evidence(text)]).best_quote(claim, 0)
    return text[span.start : span.end]


def test_the_quote_is_the_sentence_that_carries_the_claim() -> None:
    claim = "Shore staff in full-time work have 26 days of leave."
    assert quote(claim, LEAVE) == LEAVE.split("\n\n")[2].split(" Part-time")[0]


def test_a_claim_of_two_sentences_is_quoted_with_both() -> None:
    claim = "Seagoing staff work 14 days on and 14 off, with six floating days in addition."
    assert quote(claim, LEAVE).startswith("Seagoing staff work")
    assert quote(claim, LEAVE).endswith("six floating days.")


def test_a_row_is_found_by_the_names_of_its_columns_too() -> None:
    assert quote("Moving house gives one paid day.", LEAVE) == "| Moving house | 1 |"


def test_a_question_is_not_quoted_where_its_answer_stands() -> None:
    assert quote("Electric cars cannot be charged on board.", FAQ) == "Never on board."


def test_a_text_of_a_heading_alone_is_quoted_as_it_is() -> None:
    assert quote("Leave", "# Leave\n") == "# Leave"
