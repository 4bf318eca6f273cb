"""Answers: quotes are exact, marks are the server's, what is not supported is marked."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.release import HashingEmbedder
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.prompts import load_prompt
from rag.answering.turn import abstain
from rag.domain import Answer, AnswerDelta, DocumentRef, Message, Passage, SearchResult, Span
from rag.errors import ChatModelTruncated, ChatModelUnavailable, InvalidQuestion, RagError
from rag.plumbline import Plumbline
from rag.retrieval.pipeline import SearchPipeline
from tests.small_corpus import TEXTS, make_plumbline, make_release, make_turn, search

HERON = "How many passengers does the Heron carry?"


async def ask(plumbline: Plumbline, *turns: str) -> tuple[str, Answer]:
    """The streamed text and the answer to the last of `turns`."""
    roles = [("user" if place % 2 == 0 else "assistant") for place in range(len(turns))]
    conversation = [Message(role, turn) for role, turn in zip(roles, turns, strict=True)]  # type: ignore[arg-type]  # zip widens the literal
    return await collect(plumbline.answer(conversation, corpus="small"))


async def collect(items: AsyncIterator[AnswerDelta | Answer]) -> tuple[str, Answer]:
    """The text of all deltas and the one answer."""
    text, answers = "", []
    async for item in items:
        if isinstance(item, AnswerDelta):
            text += item.text
        else:
            answers.append(item)
    [answer] = answers
    return text, answer


def assert_quotes_are_exact(answer: Answer) -> None:
    for citation in answer.citations:
        span = citation.span
        assert TEXTS[citation.document.source][span.start : span.end] == citation.quote


async def test_an_extractive_answer_is_exact_quotes(tmp_path: Path) -> None:
    streamed, answer = await ask(make_plumbline(tmp_path), HERON)
    assert answer.status == "answered"
    assert answer.generator == "extractive"
    assert answer.citations[0].quote == "The Heron carries 120 passengers and 18 cars."
    assert streamed == answer.text
    assert_quotes_are_exact(answer)


async def test_a_question_off_the_topic_is_abstained_from_with_the_nearest_sources(
    tmp_path: Path,
) -> None:
    _, answer = await ask(make_plumbline(tmp_path), "Which quark did the collider see first?")
    assert answer.status == "abstained"
    assert answer.citations == ()


def test_a_question_in_a_document_is_answered_by_what_follows_it() -> None:
    text = "Can I bring a kite on board? Only folded, and never on deck."
    release = make_release(texts={"faq.md": text})
    found = search("Can I bring a kite on board?", release)
    draft = answer_extractively(make_turn(release, found), HashingEmbedder())
    assert [c.quote for c in draft.citations] == ["Only folded, and never on deck."]


def test_a_table_row_is_read_with_its_columns_and_quoted_as_it_stands() -> None:
    text = "| Ship | Crew | Trained |\n|---|:-:|---|\n| Tern | 4 | 2 |\n| Heron | 7 | 3 |"
    release = make_release(texts={"manual.md": text})
    found = search("Crew of the Heron?", release)
    draft = answer_extractively(make_turn(release, found), HashingEmbedder())
    assert draft.sentences[0].text == "Heron: crew: 7; trained: 3 [1]"
    assert draft.citations[0].quote == "| Heron | 7 | 3 |"


async def test_a_prompted_answer_cites_by_number_and_foreign_numbers_are_dropped(
    tmp_path: Path,
) -> None:
    chat = ScriptedChatModel(["The Heron carries ", "120 passengers [", "1][9", "9]."])
    streamed, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert streamed == answer.text == "The Heron carries 120 passengers [1]."
    assert answer.status == "answered"
    assert [c.quote for c in answer.citations] == ["The Heron carries 120 passengers and 18 cars."]
    assert answer.fingerprint.prompt.startswith("answer.v1@")
    assert_quotes_are_exact(answer)


@pytest.mark.parametrize(
    "said",
    [
        "The Heron carries 130 passengers [1].",
        "The Heron does not carry 120 passengers [1].",
        "The captain prefers coffee in the morning [1].",
        "The captain prefers coffee in the morning.",
    ],
    ids=["wrong number", "denial", "not said", "not said or cited"],
)
async def test_an_unsupported_sentence_is_marked(tmp_path: Path, said: str) -> None:
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel([said]))
    _, answer = await ask(plumbline, HERON)
    assert answer.status == "partial"
    assert answer.sentences[0].is_doubtful


async def test_what_a_passage_says_is_cited_to_it_though_the_model_cites_nothing(
    tmp_path: Path,
) -> None:
    chat = ScriptedChatModel(["The Heron carries 120 passengers and 18 cars."])
    streamed, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert streamed == answer.text == "The Heron carries 120 passengers and 18 cars [1]."
    assert answer.status == "answered"
    assert [c.quote for c in answer.citations] == ["The Heron carries 120 passengers and 18 cars."]


async def test_marks_behind_the_full_stop_belong_to_the_sentence_before(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["The Heron carries 120 passengers. [1] It carries 18 cars. [1]"])
    _, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert [sentence.citations for sentence in answer.sentences] == [(0,), (0,)]


async def test_the_model_may_say_that_it_is_not_there(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["NOT_IN_", "THE_DOCUMENTS"])
    streamed, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert answer.status == "abstained"
    assert "NOT_IN" not in streamed
    assert streamed == answer.text


@pytest.mark.parametrize(
    "said",
    [
        "NOT_IN_THE_DOCUMENTS.",
        "**NOT_IN_THE_DOCUMENTS**\n",
        "The answer is NOT_IN_THE_DOCUMENTS.",
        "not_in_the_documents",
        "NOT_IN_THE_DOCUMENTS. I am sorry, but the passages that I was given say nothing at all "
        "about the number of passengers [99], and so I cannot tell how many the Heron carries.",
    ],
)
async def test_a_refusal_with_a_frame_around_it_is_an_abstention(tmp_path: Path, said: str) -> None:
    for pieces in ([said], list(said)):
        plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(pieces))
        streamed, answer = await ask(plumbline, HERON)
        assert answer.status == "abstained"
        assert streamed == answer.text
        assert answer.text.startswith("The documents in small do not seem to hold an answer")


async def test_a_refusal_after_a_text_was_shown_ends_in_the_abstention(tmp_path: Path) -> None:
    said = "I believe that it is about 500 passengers, as it is on most ships of this size. "
    chat = ScriptedChatModel([*list(said), "NOT_IN_THE_DOCUMENTS"])
    streamed, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert streamed == answer.text
    assert answer.text.startswith(said.strip())
    assert "do not seem to hold an answer" in answer.text
    assert (answer.status, answer.citations) == ("abstained", ())
    assert [sentence.is_doubtful for sentence in answer.sentences] == [True, False]


@pytest.mark.parametrize(
    "said",
    [
        "The Heron carries 120 passengers [1]. NOT_IN_THE_DOCUMENTS",
        "NOT_IN_THE_DOCUMENTS, but the Heron carries 120 passengers [1].",
    ],
)
async def test_what_is_cited_beside_a_refusal_stays_as_a_part(tmp_path: Path, said: str) -> None:
    for pieces in ([said], list(said)):
        plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(pieces))
        streamed, answer = await ask(plumbline, HERON)
        assert streamed == answer.text == said.replace("NOT_IN_THE_DOCUMENTS", "…")
        assert answer.status == "partial"
        assert answer.citations


@pytest.mark.parametrize("said", ["[99]", " [1] ", "***"])
async def test_a_reply_without_a_word_gives_way_to_quotes(tmp_path: Path, said: str) -> None:
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel([said]))
    streamed, answer = await ask(plumbline, HERON)
    assert answer.degraded
    assert streamed == answer.text
    assert "120 passengers" in answer.text


async def test_the_marks_of_earlier_answers_are_not_shown_to_the_model(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["Which cars fit on the Heron?"], ["18 cars [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat)
    await ask(plumbline, HERON, "It carries 120 [7][2], see arr[0].", "And how many cars?")
    assert chat.asked[1][-2].content == "It carries 120 , see arr[0]."
    assert chat.asked[1][-3].content == HERON


async def test_an_abstention_names_the_sources_that_come_nearest(tmp_path: Path) -> None:
    _, answer = await ask(make_plumbline(tmp_path), "Which quark did the collider see first?")
    nearest = {passage.document.source for passage in answer.passages[:3]}
    assert nearest
    assert all(source in answer.text for source in nearest)


def test_an_abstention_names_a_source_by_its_title_too_where_that_says_more() -> None:
    def passage(title: str, source: str) -> Passage:
        return Passage(DocumentRef("d", "v", source, title), Span(0, 1), "x", None, (), 1.0)

    nearest = (passage("Copyright", "tk/LICENSE"), passage("a", "x/a.md"))
    text = abstain(SearchResult("q", "c", 1, "hybrid", 0.0, (), passages=nearest)).text
    assert text.endswith("The nearest are Copyright (tk/LICENSE), x/a.md.")


async def test_the_prompt_fences_passages_and_disarms_their_marks(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["x [1]."], ["x [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat)
    await ask(plumbline, HERON)
    await ask(plumbline, HERON)
    first, second = (asked[0].content for asked in chat.asked)
    assert first != second  # the fence is new for each request
    assert "[1] boats.md" in first
    assert chat.asked[0][-1].content == HERON


async def test_without_its_provider_the_answer_is_extractive_and_degraded(tmp_path: Path) -> None:
    chat = ScriptedChatModel([ChatModelUnavailable("down")])
    _, answer = await ask(make_plumbline(tmp_path, chat_model=chat), HERON)
    assert answer.degraded
    assert answer.generator == "extractive"
    assert answer.citations
    assert answer.fingerprint.chat_model == ""


async def test_a_stream_cut_short_is_an_error_with_the_partial_text(tmp_path: Path) -> None:
    pieces: Sequence[str | RagError] = ["The Heron carries", ChatModelTruncated("cut")]
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel(pieces))
    with pytest.raises(ChatModelTruncated) as caught:
        await ask(plumbline, HERON)
    assert caught.value.partial == "The Heron carries"


async def test_an_answer_cut_by_its_length_says_so(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["The ", "Heron ", "carries ", "120 ", "passengers [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat, chat_max_tokens=3)
    _, answer = await ask(plumbline, HERON)
    assert answer.truncated
    assert (answer.finish_reason, answer.status) == ("length", "partial")


async def test_a_conversation_must_end_with_a_question(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    for conversation in ([], [Message("assistant", "Hello")]):
        with pytest.raises(InvalidQuestion):
            await collect(plumbline.answer(conversation, corpus="small"))


async def test_a_follow_up_takes_its_topic_along(tmp_path: Path) -> None:
    _, answer = await ask(make_plumbline(tmp_path), HERON, "120 [1]", "And how many cars?")
    assert answer.standalone_question == f"{HERON} And how many cars?"
    assert "18 cars" in answer.citations[0].quote


async def test_a_chat_model_makes_the_follow_up_stand_alone_before_it_answers(
    tmp_path: Path,
) -> None:
    chat = ScriptedChatModel(["Which cars fit on the Heron?"], ["18 cars [1]."])
    _, answer = await ask(
        make_plumbline(tmp_path, chat_model=chat), HERON, "120 [1]", "And how many cars?"
    )
    assert answer.standalone_question == "Which cars fit on the Heron?"
    assert answer.text == "18 cars [1]."
    assert chat.asked[1][-1].content == "And how many cars?"


def test_a_prompt_is_named_by_its_text() -> None:
    prompt = load_prompt()
    assert prompt.label.startswith("answer.v1@")
    assert "$" not in prompt.fill(fence="F", mark="M", passages="P")


async def test_a_cancelled_question_holds_its_release_until_its_work_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plumbline = make_plumbline(tmp_path)
    began, may_end, held_at_end = threading.Event(), threading.Event(), []
    corpora = plumbline._corpora
    search_at_once = SearchPipeline.search

    def search_slowly(*arguments: Any, **options: Any) -> Any:
        began.set()
        may_end.wait(5)
        held_at_end.append([held.users for held in corpora._held.values()])
        return search_at_once(*arguments, **options)

    monkeypatch.setattr(SearchPipeline, "search", search_slowly)
    asking = asyncio.create_task(ask(plumbline, HERON))
    await asyncio.to_thread(began.wait, 5)
    asking.cancel()
    await asyncio.sleep(0.05)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert held_at_end == [[1]]
    assert [held.users for held in corpora._held.values()] == [0]
