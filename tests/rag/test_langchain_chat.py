"""The chat model over real HTTP: complete streams pass, every fault is an error of ours."""

import asyncio
import time

import pytest

from rag.adapters.langchain_chat import LangChainChatModel
from rag.domain import Message, Usage
from rag.errors import ChatModelTruncated, ChatModelUnavailable, SettingsError
from tests.openai_server import OpenAIServer, Reply, openai_server

HELLO = Reply(["Hel", "lo"])


def make_chat_model(server: OpenAIServer, timeout_s: float = 6.0) -> LangChainChatModel:
    return LangChainChatModel("fake", base_url=server.base_url, api_key="k", timeout_s=timeout_s)


async def read(server: OpenAIServer, timeout_s: float = 6.0) -> tuple[str, str, Usage]:
    """The whole text, the finish reason and the usage of one reply."""
    chat = make_chat_model(server, timeout_s)
    stream = chat.stream([Message("system", "s"), Message("user", "u")], max_tokens=50)
    text = "".join([piece async for piece in stream])
    return text, stream.finish_reason, stream.usage


async def test_a_complete_stream_is_read_with_its_usage() -> None:
    with openai_server(HELLO) as server:
        assert await read(server) == ("Hello", "stop", Usage(11, 7))
    [request] = server.requests
    assert [message["content"] for message in request["messages"]] == ["s", "u"]
    assert request["stream"] is True
    assert 50 in (request.get("max_tokens"), request.get("max_completion_tokens"))


async def test_a_cut_by_length_says_so() -> None:
    with openai_server(Reply(["Hel"], finish_reason="length")) as server:
        assert (await read(server))[1] == "length"


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=503),
        Reply(status=429, headers={"retry-after": "1"}),
        Reply(status=429, headers={"retry-after": "rubbish"}),
        Reply(raw=b"<html>log in</html>", content_type="text/html"),
        Reply(pieces=[], finish_reason="stop"),
    ],
    ids=["503", "429", "429 rubbish", "html page", "no text"],
)
async def test_a_passing_fault_before_the_first_token_is_tried_again(fault: Reply) -> None:
    with openai_server(fault, HELLO) as server:
        assert (await read(server))[0] == "Hello"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=401),
        Reply(status=404),
        Reply(status=429, error_code="insufficient_quota"),
        Reply(status=429, headers={"retry-after": "300"}),
    ],
    ids=["401", "404", "quota", "retry in 300 s"],
)
async def test_a_lasting_fault_is_reported_at_once(fault: Reply) -> None:
    with openai_server(fault, HELLO) as server, pytest.raises(ChatModelUnavailable) as caught:
        await read(server)
    assert len(server.requests) == 1
    assert "\n" not in str(caught.value)
    assert caught.value.retry_after_s == (300.0 if "retry-after" in fault.headers else None)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(["Hel", "lo"], finish_reason=None),
        Reply(
            raw=b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\ndata: {"i'
        ),
        Reply(["Hel", "lo"], stall_s=3.0),
    ],
    ids=["no finish reason", "malformed", "stall"],
)
async def test_a_fault_after_the_first_token_keeps_the_partial_text(fault: Reply) -> None:
    with openai_server(fault, HELLO) as server, pytest.raises(ChatModelTruncated) as caught:
        await read(server, timeout_s=2.0)
    assert caught.value.partial.startswith("Hel")
    assert len(server.requests) == 1


async def test_endless_comments_do_not_keep_a_stream_alive() -> None:
    started = time.monotonic()
    pings = Reply(["late"], comments=500)  # ten seconds of them
    with openai_server(pings) as server, pytest.raises(ChatModelUnavailable):
        await read(server, timeout_s=1.0)
    assert time.monotonic() - started < 9


async def test_an_earlier_attempts_finish_does_not_complete_a_cut_stream() -> None:
    empty, cut = Reply([], finish_reason="stop"), Reply(["Hel"], finish_reason=None)
    with openai_server(empty, cut) as server, pytest.raises(ChatModelTruncated):
        await read(server)


async def test_the_time_budget_holds_over_all_attempts() -> None:
    started = time.monotonic()
    with openai_server(Reply(status=500)) as server, pytest.raises(ChatModelUnavailable):
        await read(server, timeout_s=1.5)
    assert time.monotonic() - started < 10


async def test_leaving_the_stream_closes_it_upstream() -> None:
    with openai_server(Reply(["x"] * 200, stall_s=0.05)) as server:
        stream = make_chat_model(server).stream([Message("user", "u")], max_tokens=500)
        pieces = aiter(stream)
        assert await anext(pieces) == "x"
        await pieces.aclose()  # type: ignore[attr-defined]  # an async generator behind the protocol
        for _ in range(40):
            if server.disconnects:
                break
            await asyncio.sleep(0.05)
    assert server.disconnects == 1


def test_a_model_that_cannot_be_opened_is_a_setting_to_mend() -> None:
    with pytest.raises(SettingsError, match="RAG_CHAT_MODEL"):
        LangChainChatModel("no-such-provider:x", base_url="", api_key="", timeout_s=1)
