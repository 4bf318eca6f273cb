"""What stands between us and a chat model: marked data, bounded replies, reworded questions."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.answering.prompting.cited_addresses import AddressFilter
from rag.answering.prompting.datamarking import MarkRemover, mark_lines
from rag.answering.prompting.endings import LOOP_CHARACTERS, Ending, is_loop
from rag.answering.prompting.rewording import reword
from rag.domain import Answer, Message, Writing
from rag.errors import ChatModelUnavailable, RagError
from rag.outgoing.cleaning import Cleaner
from rag.plumbline import Plumbline
from tests.rag.answering.test_answering import HERON, ask, collect
from tests.small_corpus import TEXTS, make_plumbline

FAR = "Wie viele Passagiere trägt das Schiff namens Reiher?"
LOOP = "It carries 120 passengers [1]. "
ASKED_FOR_NOTHING = Writing()


async def ask_for(
    plumbline: Plumbline, question: str, writing: Writing = ASKED_FOR_NOTHING
) -> tuple[str, Answer]:
    """The streamed text and the answer, written as wanted."""
    conversation = [Message("user", question)]
    return await collect(plumbline.answer(conversation, corpus="small", writing=writing))


def taken(ending: Ending, text: str, size: int) -> str:
    """What an ending lets through of a text that comes in pieces of that size."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return "".join(map(ending.take, pieces)) + ending.finish()


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_text_ends_before_the_first_stop_sequence(size: int) -> None:
    ending = Ending(max_tokens=100, stop=["END.", "\n\n"])
    assert taken(ending, "One. EN two.\nThree. END. Four.\n\nFive", size) == "One. EN two.\nThree. "
    assert ending.reason == "stop"
    assert taken(Ending(max_tokens=100, stop=["END."]), "One. EN", size) == "One. EN"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_text_is_at_most_half_as_long_again_as_asked_for(size: int) -> None:
    words = " ".join(str(number) for number in range(1000))
    ending = Ending(max_tokens=20)
    said = taken(ending, words, size)
    assert words.startswith(said)
    assert 110 < len(said) <= 120
    assert ending.reason == "length"
    unspaced = "".join(chr(0x4E00 + place * 7) for place in range(100))
    assert len(taken(Ending(max_tokens=20), unspaced, size)) == 30


@pytest.mark.parametrize("phrase", ["the ", "ha", LOOP, "A long line of text. " * 9 + "\n"])
def test_a_loop_is_noticed(phrase: str) -> None:
    ending = Ending(max_tokens=30_000)
    said = taken(ending, phrase * 3000, 5)
    assert len(said) < LOOP_CHARACTERS + 5 * len(phrase)
    assert ending.reason == "length"


def test_no_loop_is_seen_in_lists_tables_or_the_documents_themselves() -> None:
    numbered = "".join(
        f"{place}. The Heron sails at {place}:00 from Skarvik.\n" for place in range(99)
    )
    table = "| a | b |\n" + "|---|---|\n" + "".join(f"| {n} | yes |\n" for n in range(99))
    texts = [numbered, table, "| - " * 20 + "|\n" + "| 0 " * 20 + "|", "-" * 80, *TEXTS.values()]
    for text in texts:
        assert not any(is_loop(text[:end]) for end in range(len(text)))


async def test_an_answer_in_a_loop_is_cut_and_partial(tmp_path: Path) -> None:
    chat = ScriptedChatModel([LOOP] * 900)
    streamed, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert streamed == answer.text
    assert len(answer.text) < 2 * LOOP_CHARACTERS
    assert (answer.status, answer.finish_reason) == ("partial", "length")
    assert answer.usage.completion_tokens > 0


async def test_what_a_prompted_answer_says_is_clean(tmp_path: Path) -> None:
    said = "It carries ![x](http://evil.example/?q=120) 120 <b>passengers</b> [1]."
    for pieces in ([said], list(said)):
        plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(pieces))
        streamed, answer = await ask(plumbline, HERON)
        assert streamed == answer.text == "It carries [x] 120 passengers [1]."
        assert answer.sentences[0].text in answer.text


async def test_what_an_extractive_answer_says_is_clean_and_its_quote_exact(tmp_path: Path) -> None:
    text = "The <i>Heron</i> carries 120 ![x](http://evil.example/p.png) passengers [see](/login)."
    plumbline = make_plumbline(tmp_path, texts={"boats.md": text}, min_confidence=0.0)
    _, answer = await ask(plumbline, HERON)
    assert answer.text == "The Heron carries 120 [x] passengers [see]. [1]"
    assert answer.citations[0].quote == text
    [sentence] = answer.sentences
    assert answer.text[sentence.span.start : sentence.span.end] == sentence.text == answer.text


async def test_each_line_of_a_passage_is_marked_and_the_marks_stay_with_us(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["x [1]."], ["x [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat)
    await ask(plumbline, HERON)
    await ask(plumbline, HERON)
    marked = []
    for asked in chat.asked:
        [line] = [each for each in asked[0].content.splitlines() if "Heron carries" in each]
        mark, _, text = line.partition(" ")
        assert text.startswith("The Heron carries 120 passengers")
        assert f"begins with the mark {mark}," in asked[0].content
        marked.append(mark)
    assert marked[0] != marked[1]


def test_marks_are_taken_out_however_a_reply_is_cut() -> None:
    text = mark_lines("The fee is 5.\n\n2026| is a year", "2026af|")
    assert text == "2026af| The fee is 5.\n\n2026af| 2026| is a year"
    chance = random.Random(1)
    for _ in range(100):
        remover, said, rest = MarkRemover("2026af|", "passages-1"), "", text + " passages-12026"
        while rest:
            size = chance.randint(1, 9)
            said, rest = said + remover.feed(rest[:size]), rest[size:]
        assert said + remover.finish() == "The fee is 5.\n\n2026| is a year 2026"


async def test_below_the_threshold_the_question_is_reworded_once_and_the_model_decides(
    tmp_path: Path,
) -> None:
    chat = ScriptedChatModel([HERON], ["120 passengers [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat)
    _, answer = await ask(plumbline, FAR)
    assert (answer.text, answer.generator) == ("120 passengers [1].", "scripted")
    assert (answer.standalone_question, answer.standalone_by) == (HERON, "model")
    assert answer.fingerprint.expansion.startswith("reword reword.v1@")
    assert answer.fingerprint.chat_model == "scripted"
    assert FAR in chat.asked[0][0].content
    assert chat.asked[1][-1].content == FAR


async def test_above_the_threshold_nothing_is_reworded(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["120 passengers [1]."])
    _, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert len(chat.asked) == 1
    assert answer.fingerprint.expansion == ""


async def test_a_model_that_finds_nothing_is_named_with_its_abstention(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["Reworded"], ["NOT_IN_THE_DOCUMENTS"])
    _, answer = await ask(make_plumbline(tmp_path, chat_model=chat), "Which quark was seen first?")
    assert (answer.status, answer.generator) == ("abstained", "scripted")
    assert answer.fingerprint.prompt.startswith("answer.v1@")


async def test_without_a_call_no_model_is_named(tmp_path: Path) -> None:
    down: Sequence[str | RagError] = [ChatModelUnavailable("down")]
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(down, down))
    _, answer = await ask(plumbline, "Which quark was seen first?")
    assert (answer.status, answer.generator) == ("abstained", "extractive")
    assert (answer.degraded, answer.fingerprint.chat_model) == (True, "")


@pytest.mark.parametrize(
    "said",
    [
        *("", FAR, "x" * 301, "One\nTwo", "I'm sorry, no.", "How many of the 500 does it carry?"),
        *("NOT_IN_THE_DOCUMENTS", "<think>Heron?"),
    ],
)
async def test_a_rewording_that_is_no_question_is_not_used(said: str) -> None:
    assert await reword(FAR, "en", ScriptedChatModel([said])) == ""


async def test_an_extractive_answer_keeps_to_its_length_and_stop(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    streamed, answer = await ask_for(plumbline, HERON, Writing(max_tokens=5))
    assert streamed == answer.text == "The Heron carries 12"
    assert (answer.status, answer.finish_reason) == ("partial", "length")
    streamed, answer = await ask_for(plumbline, HERON, Writing(stop=("carries",)))
    assert streamed == answer.text == "The Heron"
    assert (answer.status, answer.finish_reason) == ("answered", "stop")
    assert answer.sentences[0].text == "The Heron"


FORM, API = "https://intranet.example/form", "http://localhost:8000/v1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"Book at `{FORM}` [1].", f"Book at `{FORM}` [1]."),
        (f"Book at `{FORM}`. [2, 1]", f"Book at `{FORM}`. [2, 1]"),
        (f"Book at `{FORM}` [2].", "Book at (address removed) [2]."),
        (f"Book at `{FORM}`.\nIt is free [1].", "Book at (address removed).\nIt is free [1]."),
        (f"Go to `{FORM}` or `{API}` now", "Go to (address removed) or (address removed) now"),
        (f"```\ncurl {API}\n```\nSo it is [2].", f"```\ncurl {API}\n```\nSo it is [2]."),
        (f"```\ncurl {API}\n```\n", "```\ncurl (address removed)\n```\n"),
        ("As you say: `me@home.example`.", "As you say: `me@home.example`."),
    ],
)
def test_an_address_stays_where_the_passage_cited_there_has_it(said: str, shown: str) -> None:
    passages = [f"The form is at {FORM}.", f"The API is {API}."]
    for size in (1, 4, 500):
        cleaner = Cleaner([*passages, "me@home.example"])
        addresses = AddressFilter(passages, "I am me@home.example")
        pieces = [cleaner.feed(said[at : at + size]) for at in range(0, len(said), size)]
        text = "".join(map(addresses.feed, [*pieces, cleaner.finish()]))
        assert text + addresses.finish() == shown
