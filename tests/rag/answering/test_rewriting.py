"""Questions rewritten and expanded by a chat model over HTTP, and what happens where it fails."""

import time

import pytest

from rag.adapters.chat.langchain_chat import LangChainChatModel
from rag.adapters.chat.scripted import ScriptedChatModel
from rag.answering.expansion import expand
from rag.answering.followups import Standalone
from rag.answering.rewriting import rewrite
from rag.domain import Expansion, Message
from rag.retrieval.fusion import fuse_wordings
from tests.openai_server import OpenAIServer, Reply, openai_server

EARLIER = "How many passengers does the Heron carry?"
CONVERSATION = [
    Message("system", "Be brief."),
    Message("user", EARLIER),
    Message("assistant", "120 passengers [1]."),
    Message("user", "And how many cars?"),
]
RULE = f"{EARLIER} And how many cars?"
BY_RULE = Standalone(RULE, RULE, "rule")
REWRITTEN = "How many cars does the Heron carry?"


def connect(server: OpenAIServer) -> LangChainChatModel:
    """A chat model at the server."""
    return LangChainChatModel("fake", base_url=server.base_url, api_key="k", timeout_s=30)


async def test_the_model_makes_a_follow_up_stand_alone_in_one_short_call() -> None:
    with openai_server(Reply(pieces=["How many cars ", "does the Heron carry?"])) as server:
        made = await rewrite(CONVERSATION, connect(server))
    assert made == Standalone(REWRITTEN, RULE, "model")
    [request] = server.requests
    assert request["max_completion_tokens"] == 64
    [message] = request["messages"]
    assert (
        f"User: {EARLIER}\nAssistant: 120 passengers [1].\nUser: And how many"
        in (message["content"])
    )
    assert "Be brief" not in message["content"]


@pytest.mark.parametrize("said", [f'"{REWRITTEN}"', f"Question: {REWRITTEN}", f"\n {REWRITTEN} \n"])
async def test_a_label_and_quotation_marks_are_taken_off(said: str) -> None:
    assert (await rewrite(CONVERSATION, ScriptedChatModel([said]))).question == REWRITTEN


@pytest.mark.parametrize(
    "said",
    [
        *(" ", "?", "x" * 301, f"{REWRITTEN}\nIt carries 18.", "I'm sorry, I cannot help."),
        *("I can’t do that.", "<think>Heron?</think> Cars?", "NOT_IN_THE_DOCUMENTS"),
        "Does the Heron carry 4000 cars?",
    ],
)
async def test_a_reply_that_is_no_question_gives_way_to_the_rule(said: str) -> None:
    assert await rewrite(CONVERSATION, ScriptedChatModel([said])) == BY_RULE


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=401),
        Reply(pieces=["How many", " cars"], finish_reason="length"),
        Reply(pieces=["How many", " cars"], finish_reason=None),
    ],
    ids=["refused", "cut by length", "broken off"],
)
async def test_a_model_that_fails_gives_way_to_the_rule(reply: Reply) -> None:
    with openai_server(reply) as server:
        assert await rewrite(CONVERSATION, connect(server)) == BY_RULE


async def test_a_slow_model_gives_way_to_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.answering.rewriting.TIMEOUT_S", 0.3)
    with openai_server(Reply(pieces=["How"] * 200, stall_s=0.1)) as server:
        started = time.perf_counter()
        assert await rewrite(CONVERSATION, connect(server)) == BY_RULE
    assert time.perf_counter() - started < 15


async def test_a_first_question_and_one_without_a_model_ask_nobody() -> None:
    chat = ScriptedChatModel()
    first = await rewrite([Message("user", EARLIER)], chat)
    assert first == Standalone(EARLIER, EARLIER, "user")
    assert chat.asked == []
    assert await rewrite(CONVERSATION, None) == BY_RULE


async def test_three_other_wordings_follow_the_question() -> None:
    said = f"Here they are:\n1. Heron car capacity\n- {EARLIER}\n* Cars on the Heron\n\nx\ny"
    with openai_server(Reply(pieces=[said])) as server:
        found = await expand(EARLIER, connect(server), "multi-query")
    assert found == [EARLIER, "Heron car capacity", "Cars on the Heron", "x"]
    assert server.requests[0]["max_completion_tokens"] == 128


async def test_a_passage_that_could_answer_follows_the_question_even_cut() -> None:
    pieces = ["The Heron has room\n", "for many cars and"]
    with openai_server(Reply(pieces=pieces, finish_reason="length")) as server:
        found = await expand(EARLIER, connect(server), "hyde")
    assert found == [EARLIER, "The Heron has room for many cars and"]


@pytest.mark.parametrize("how", ["multi-query", "hyde"])
async def test_without_a_usable_reply_the_question_is_all(how: Expansion) -> None:
    assert await expand(EARLIER, None, how) == [EARLIER]
    assert await expand(EARLIER, ScriptedChatModel(["I cannot help"]), how) == [EARLIER]
    with openai_server(Reply(status=401)) as server:
        assert await expand(EARLIER, connect(server), how) == [EARLIER]


async def test_no_expansion_asks_nobody() -> None:
    chat = ScriptedChatModel()
    assert await expand(EARLIER, chat, "none") == [EARLIER]
    assert chat.asked == []


def test_the_ranking_of_one_wording_stands_as_it_is() -> None:
    assert fuse_wordings([[("a", 0.9), ("b", 0.4)]]) == []


def test_the_question_outweighs_three_variants_that_agree() -> None:
    own, new = [("a", 0.9), ("b", 0.8), ("c", 0.1)], [("d", 1.0)]
    fused = fuse_wordings([own, new, new, new])
    assert [id_ for id_, _ in fused] == ["a", "b", "d", "c"]
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_what_only_a_variant_finds_is_found_and_nothing_comes_twice() -> None:
    own, other = [("a", 0.9), ("b", 0.8)], [("b", 0.9), ("c", 0.8)]
    assert [id_ for id_, _ in fuse_wordings([own, other])] == ["b", "a", "c"]
    assert dict(fuse_wordings([own, own]))["a"] == pytest.approx(1.0)
