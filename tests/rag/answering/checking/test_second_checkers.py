"""A second checker has the last word on the quotes of the first, or a fallback is said."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.word_checker import WordChecker
from rag.answering.checking.chat_checker import ChatChecker
from rag.answering.checking.given import GivenPassage
from rag.answering.checking.judging import Checking
from rag.checkers import load_checking
from rag.domain import Answer, Verdict
from rag.errors import ChatModelUnavailable, RagError, SettingsError, SupportUnchecked
from rag.ports import Claim, Evidence
from rag.settings import load_settings
from tests.api.slow_chat import SlowChatModel
from tests.rag.answering.test_answering import HERON, ask
from tests.small_corpus import make_plumbline

CLAIMS = [Claim("The Heron carries 120 passengers.", (0,)), Claim("It carries 30 cars.")]
EVIDENCE = [Evidence("The Heron carries 120 passengers and 18 cars.", "Boats", ("Heron",))]
SAID = "The Heron carries 120 passengers [1]. The captain likes passengers on the Heron [1]."


def verdicts(*given: tuple[Verdict, str]) -> str:
    entries = [
        {"statement": number, "verdict": verdict, "reason": reason}
        for number, (verdict, reason) in enumerate(given, 1)
    ]
    return json.dumps({"verdicts": entries})


def make_checker(*replies: str | RagError) -> tuple[ChatChecker, ScriptedChatModel]:
    chat = ScriptedChatModel(*([reply] for reply in replies))
    return ChatChecker(chat, budget_s=5), chat


async def test_the_chat_model_judges_all_claims_in_one_call() -> None:
    said = verdicts(("supported", ""), ("differs", "the source says 18, not 30"))
    checker, chat = make_checker(f"Here it is:\n```json\n{said}\n```")
    judged = await checker.check(CLAIMS, EVIDENCE, question="How many?")
    assert [(each.verdict, each.score, each.reasons) for each in judged] == [
        ("supported", 1.0, ()),
        ("differs", 0.0, ("the source says 18, not 30",)),
    ]
    [[asked]] = chat.asked
    assert all(claim.text in asked.content for claim in CLAIMS)
    assert '"question": "How many?"' in asked.content
    assert checker.name.startswith("scripted support.v1@")


async def test_the_same_claims_are_asked_for_once() -> None:
    checker, chat = make_checker(verdicts(("supported", ""), ("supported", "")))
    first = await checker.check(CLAIMS, EVIDENCE)
    assert await checker.check(CLAIMS, EVIDENCE) == first
    assert len(chat.asked) == 1


@pytest.mark.parametrize("reason", ["see [1](http://x.example)", "<b>no</b>", "on www.x.example"])
async def test_a_reason_with_markup_or_addresses_is_left_out(reason: str) -> None:
    checker, _ = make_checker(verdicts(("differs", reason), ("unsupported", "x " * 200)))
    judged = await checker.check(CLAIMS, EVIDENCE)
    assert judged[0].reasons == ()
    assert len(judged[1].reasons[0]) == 120


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot judge this.",
        "{",
        '{"verdicts": 3}',
        '{"verdicts": [{"statement": 1}]}',
        verdicts(("supported", "")),
        verdicts(("true", ""), ("supported", "")),  # type: ignore[arg-type]  # no verdict
        ChatModelUnavailable("down"),
    ],
    ids=range(8),
)
async def test_verdicts_that_cannot_be_used_are_an_error(reply: str | RagError) -> None:
    checker, _ = make_checker(reply)
    with pytest.raises(SupportUnchecked):
        await checker.check(CLAIMS, EVIDENCE)


async def test_a_chat_model_that_is_slow_is_not_waited_for() -> None:
    chat = SlowChatModel(first_s=60)
    with pytest.raises(SupportUnchecked, match="within"):
        await asyncio.wait_for(ChatChecker(chat, budget_s=0.05).check(CLAIMS, EVIDENCE), 5)
    assert chat.stopped.wait(1)


async def answer_with(
    folder: Path, reply: str | RagError, *, withholds: bool = False
) -> tuple[Answer, Sequence[object]]:
    """An answer of SAID, which `reply` judges."""
    second, chat = make_checker(reply)
    checking = Checking(WordChecker(), second, withholds=withholds)
    plumbline = make_plumbline(folder, chat_model=ScriptedChatModel([SAID]), checking=checking)
    streamed, answer = await ask(plumbline, HERON)
    assert streamed == answer.text
    return answer, chat.asked


async def test_the_second_checker_has_the_last_word_on_the_quotes(tmp_path: Path) -> None:
    said = verdicts(("differs", "the source says something else"), ("supported", ""))
    answer, asked = await answer_with(tmp_path, said)
    assert [each.verdict for each in answer.sentences] == ["differs", "supported"]
    assert answer.sentences[0].reasons == ("the source says something else",)
    assert answer.checked_by.startswith("scripted support.v1@")
    assert answer.status == "partial"
    assert len(asked) == 1
    assert all(each.citations for each in answer.sentences)


async def test_the_second_checker_decides_what_is_withheld(tmp_path: Path) -> None:
    said = verdicts(("supported", ""), ("unsupported", "no source says it"))
    answer, _ = await answer_with(tmp_path, said, withholds=True)
    assert answer.text == "The Heron carries 120 passengers [1]."


async def test_a_second_checker_that_fails_is_said(tmp_path: Path) -> None:
    answer, _ = await answer_with(tmp_path, ChatModelUnavailable("down"))
    assert answer.checked_by == "words, since scripted gave no verdicts"
    assert answer.sentences[0].verdict == "supported"


async def test_a_text_is_checked_by_the_second_checker_too(tmp_path: Path) -> None:
    second, _ = make_checker(verdicts(("differs", "it says 18 cars"), ("supported", "")))
    plumbline = make_plumbline(tmp_path, checking=Checking(WordChecker(), second))
    passages = [GivenPassage("a", EVIDENCE[0].text)]
    text = f"{CLAIMS[0].text} [a] {CLAIMS[1].text}"
    checked = await plumbline.check(text, passages=passages)
    assert [each.reasons for each in checked.sentences] == [("it says 18 cars",), ()]
    assert checked.checked_by.startswith("scripted")


@pytest.mark.parametrize("support", ["model", "chat"])
def test_a_checker_without_its_model_is_refused(support: str) -> None:
    with pytest.raises(SettingsError, match=f"RAG_SUPPORT={support} needs"):
        load_checking(load_settings({}, support=support), None)
