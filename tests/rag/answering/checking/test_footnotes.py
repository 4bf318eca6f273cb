"""Footnotes: what leaves of a model's text, and what each of its sentences is told to be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.domain import Answer, Message
from tests.rag.answering.test_answering import HERON, ask
from tests.small_corpus import make_plumbline

TEXTS = {
    "heron.md": "# Heron\n\nThe Heron carries 120 passengers. Its crew has 7 people.\n\n"
    "The Heron was built in Skarvik.",
    "tern.md": "# Tern\n\nThe Tern carries 60 passengers. The Heron is faster than the Tern.",
}
ASKED = "How many passengers do the Heron and the Tern carry, and where was the Heron built?"


async def answer_with(folder: Path, said: str | Sequence[str], **settings: Any) -> Answer:
    """What becomes of these words of a model, whose deltas are the answer's text."""
    pieces = [said] if isinstance(said, str) else said
    plumbline = make_plumbline(
        folder, chat_model=ScriptedChatModel(pieces), texts=TEXTS, **settings
    )
    streamed, answer = await ask(plumbline, ASKED)
    assert streamed == answer.text
    return answer


def passage_of(answer: Answer, source: str) -> int:
    """The number by which the model cites that document."""
    return next(n for n, p in enumerate(answer.passages, 1) if p.document.source == source)


async def numbers(folder: Path) -> tuple[int, int]:
    answer = await answer_with(folder, "x [1].")
    return passage_of(answer, "heron.md"), passage_of(answer, "tern.md")


async def test_two_sentences_that_cite_one_passage_open_two_quotes(tmp_path: Path) -> None:
    heron, tern = await numbers(tmp_path)
    answer = await answer_with(
        tmp_path,
        f"The Tern carries 60 passengers. [{tern}] The Heron carries 120 passengers [{heron}]. "
        f"The crew of the Heron has 7 people [{heron}][{heron}]. The Tern carries 60 [{tern}].",
    )
    assert answer.text == (
        "The Tern carries 60 passengers. [1] The Heron carries 120 passengers [2]. "
        "The crew of the Heron has 7 people [3]. The Tern carries 60 [1]."
    )
    assert [each.quote for each in answer.citations] == [
        "The Tern carries 60 passengers.",
        "The Heron carries 120 passengers.",
        "Its crew has 7 people.",
    ]
    assert [each.citations for each in answer.sentences] == [(0,), (1,), (2,), (0,)]


async def test_marks_within_a_sentence_open_the_quote_of_their_own_part(tmp_path: Path) -> None:
    heron, tern = await numbers(tmp_path)
    answer = await answer_with(
        tmp_path, f"The Heron carries 120 passengers [{heron}] and the Tern carries 60 [{tern}]."
    )
    assert answer.text.endswith("120 passengers [1] and the Tern carries 60 [2].")
    assert answer.citations[0].quote.startswith("The Heron carries 120")
    assert answer.citations[1].quote.startswith("The Tern carries 60")


async def test_what_another_passage_says_is_cited_to_that_one(tmp_path: Path) -> None:
    heron, _ = await numbers(tmp_path)
    answer = await answer_with(tmp_path, f"The Tern carries 60 passengers [{heron}].")
    assert answer.text == "The Tern carries 60 passengers [1]."
    assert [each.quote for each in answer.citations] == ["The Tern carries 60 passengers."]
    assert answer.sentences[0].verdict == "supported"
    assert "another passage" in answer.sentences[0].reasons[-1]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("[{}] The Tern carries 60 passengers.", "The Tern carries 60 passengers [1]."),
        ("| The Tern carries | 60 | [{}] |", "| The Tern carries | 60 | [1] |"),
        ("- The Tern carries 60 passengers. [{}]", "- The Tern carries 60 passengers [1]."),
    ],
)
async def test_a_mark_that_is_moved_leaves_nothing_behind(
    tmp_path: Path, said: str, left: str
) -> None:
    heron, _ = await numbers(tmp_path)
    assert (await answer_with(tmp_path, said.format(heron))).text == left


async def test_what_differs_without_a_mark_names_the_quote_that_it_differs_from(
    tmp_path: Path,
) -> None:
    answer = await answer_with(tmp_path, "The Tern carries 70 passengers.")
    assert answer.text == "The Tern carries 70 passengers."
    assert answer.sentences[0].verdict == "differs"
    assert [answer.citations[n].quote for n in answer.sentences[0].citations] == [
        "The Tern carries 60 passengers."
    ]


async def test_headings_and_lead_ins_are_not_checked(tmp_path: Path) -> None:
    said = "## Passengers\n\nIn short:\n\n- The Heron carries 120 passengers [1]\n"
    answer = await answer_with(tmp_path, said)
    verdicts = [each.verdict for each in answer.sentences]
    assert verdicts == ["not_checked", "not_checked", "supported"]
    assert answer.status == "answered"


async def test_a_note_on_a_mark_is_left_out(tmp_path: Path) -> None:
    answer = await answer_with(
        tmp_path, "The Heron carries 120 passengers. [^1]\n\n[^1]: The leaflet, page 3."
    )
    assert answer.text == "The Heron carries 120 passengers. [1]"


async def test_a_doubtful_sentence_is_told_with_its_place_and_reason(tmp_path: Path) -> None:
    said = "👩‍✈️ The Heron carries 120 passengers [1]. The Heron carries 130 passengers. [1]"
    answer = await answer_with(tmp_path, said)
    doubtful = [each for each in answer.sentences if each.is_doubtful]
    assert [answer.text[s.span.start : s.span.end] for s in doubtful] == [s.text for s in doubtful]
    assert doubtful[0].text == "The Heron carries 130 passengers. [1]"
    assert doubtful[0].reasons == ("the source does not say 130",)
    assert answer.status == "partial"


@pytest.mark.parametrize("pieces", [1, 7])
async def test_what_no_source_says_is_withheld_where_that_is_set(
    tmp_path: Path, pieces: int
) -> None:
    said = (
        "## Ships\n\nThe Heron has seven masts. The Heron carries 120 passengers [1].\n\n"
        "## Goats\n\n- The harbour master keeps goats [1]\n"
    )
    cut = [
        said[at : at + len(said) // pieces + 1]
        for at in range(0, len(said), len(said) // pieces + 1)
    ]
    answer = await answer_with(tmp_path, cut, unsupported="withhold")
    assert answer.text == "## Ships\n\nThe Heron carries 120 passengers [1]."
    assert answer.status == "partial"
    assert not any(each.is_doubtful for each in answer.sentences)


async def test_where_all_is_withheld_the_answer_abstains_with_the_reasons(tmp_path: Path) -> None:
    answer = await answer_with(
        tmp_path, "The Heron carries 130 passengers [1].", unsupported="withhold"
    )
    assert answer.status == "abstained"
    assert "130 passengers" not in answer.text
    assert "is withheld: the source does not say 130." in answer.text


async def test_words_are_shown_before_their_sentence_ends(tmp_path: Path) -> None:
    said = ["The Heron carries as many passengers as ", "its two old and ", "tired boats do ", "x"]
    said = [*said, *["word "] * 30]
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(said))
    deltas = [item async for item in plumbline.answer([_question()], corpus="small")]
    assert len(deltas) > 10


def _question() -> Message:
    return Message("user", HERON)
