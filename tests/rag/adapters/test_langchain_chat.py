"""The chat model over real HTTP: complete streams pass, every fault is an error of ours."""

import asyncio
import json
import time

import pytest

from rag.adapters.chat import breaker, langchain_chat
from rag.adapters.chat.langchain_chat import LangChainChatModel
from rag.domain import Message, Usage
from rag.errors import ChatModelTruncated, ChatModelUnavailable, SettingsError
from tests.openai_server import OpenAIServer, Reply, openai_server

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langchain_chat, "FIRST_WAIT_S", 0.05)


HELLO = Reply(["Hel", "lo"])
CALL = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]}
KEY = "sk-proj-abcdefgh12345678"
BEGUN = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
ERROR_EVENT = f'data: {{"error": {{"message": "overloaded {KEY}", "type": "x"}}}}\n\n'.encode()
SAID = f"Incorrect API key provided: {KEY}. The prompt was: you answer questions"


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
        Reply(pieces=[" ", "\n"], finish_reason="stop"),
        Reply(pieces=["<think>Hm", "m.</think>\n"], finish_reason="stop"),
    ],
    ids=["503", "429", "429 rubbish", "html page", "no text", "blank", "thinking only"],
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


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(finish_reason="content_filter"), "withheld its answer"),
        (Reply([" "], finish_reason="content_filter"), "withheld its answer"),
        (Reply(deltas=[{"refusal": "No "}, {"refusal": "way."}]), "withheld its answer"),
        (Reply(deltas=[CALL], finish_reason="tool_calls"), "asked for a tool"),
        (Reply(["<think>Hm"], finish_reason="length"), "RAG_CHAT_MAX_TOKENS"),
    ],
    ids=["filter", "filter and blanks", "refusal", "tool call", "thinking to the limit"],
)
async def test_what_would_be_refused_again_is_not_asked_again(fault: Reply, words: str) -> None:
    with (
        openai_server(fault, HELLO) as server,
        pytest.raises(ChatModelUnavailable, match=words) as caught,
    ):
        await read(server)
    assert len(server.requests) == 1
    assert "way" not in str(caught.value)


async def test_a_reply_that_stays_blank_is_asked_for_twice() -> None:
    with (
        openai_server(Reply(["\n"])) as server,
        pytest.raises(ChatModelUnavailable, match="no text"),
    ):
        await read(server)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "finish_reason"),
    [
        (Reply(["Hel"], finish_reason="content_filter"), "content_filter"),
        (Reply(["Hel"], deltas=[{"refusal": "I cannot go on."}]), "content_filter"),
        (Reply(["Hel"], finish_reason="SAFETY"), "content_filter"),
        (Reply(["Hel"], finish_reason="max_tokens"), "length"),
        (Reply(["Hel"], finish_reason="end_turn"), "stop"),
    ],
    ids=["filter", "refusal", "safety", "max_tokens", "end_turn"],
)
async def test_an_end_is_named_as_openai_names_it(reply: Reply, finish_reason: str) -> None:
    with openai_server(reply) as server:
        assert (await read(server))[:2] == ("Hel", finish_reason)


@pytest.mark.parametrize("reason", ["tool_calls", "error", "insufficient_system_resource"])
async def test_only_a_known_end_completes_a_text(reason: str) -> None:
    with (
        openai_server(Reply(["Hel"], finish_reason=reason)) as server,
        pytest.raises(ChatModelTruncated, match="stopped before it had finished") as caught,
    ):
        await read(server)
    assert caught.value.partial == "Hel"


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>Let me see", ".</think>\n\n", "Hello"],
        ["<thi", "nking>Let me see.</thinki", "ng>Hello"],
        ["Hel<reasoning>Let me see.</reasoning>lo"],
    ],
)
async def test_thinking_is_no_part_of_the_text(pieces: list[str]) -> None:
    with openai_server(Reply(pieces)) as server:
        assert (await read(server))[0] == "Hello"


async def test_a_text_that_ends_in_thinking_is_not_complete() -> None:
    reply = Reply(["Hel<think>", "Let me see"])
    with openai_server(reply) as server, pytest.raises(ChatModelTruncated) as caught:
        await read(server)
    assert caught.value.partial == "Hel"


async def test_thinking_without_an_opening_tag_is_no_answer_and_known_from_then_on() -> None:
    aloud = Reply(["Let me ", "see.", "</think>", "Hello"])
    with openai_server(aloud, aloud, HELLO, HELLO) as server:
        chat = make_chat_model(server)
        with pytest.raises(ChatModelTruncated) as caught:
            [piece async for piece in chat.stream([Message("user", "u")], max_tokens=5)]
        assert caught.value.partial == ""
        for expected in (["Hello"], ["Hello"], ["Hel", "lo"]):
            stream = chat.stream([Message("user", "u")], max_tokens=5)
            assert [piece async for piece in stream] == expected


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


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(status=400, message=SAID), "refused the request (status 400): check RAG_CHAT_MODEL"),
        (Reply(status=401, message=SAID), "refused its key (status 401): check RAG_CHAT_API_KEY"),
        (Reply(status=404, message=SAID), "is not known there (status 404)"),
        (Reply(status=418, message=SAID), "refused the request (status 418)"),
        (Reply(status=429, message=SAID, error_code="insufficient_quota"), "has no quota left"),
        (Reply(status=503, message=SAID), "failed (status 503)"),
        (Reply(raw=f"data: {{{KEY}\n\n".encode()), "sent what is no JSON"),
        (Reply(raw=ERROR_EVENT), "reported an error of its own"),
        (Reply(comments=100), "said nothing for 0.75 s"),
    ],
    ids=["400", "401", "404", "418", "quota", "503", "no JSON", "error event", "silence"],
)
async def test_a_fault_is_told_in_our_own_words(
    fault: Reply, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    timeout_s = 3.0 if fault.comments else 30.0  # with 3 s there is no time for a third attempt
    with openai_server(fault) as server, pytest.raises(ChatModelUnavailable) as caught:
        await read(server, timeout_s=timeout_s)
    assert words in str(caught.value)
    assert "sk-proj" not in str(caught.value) + caplog.text
    assert "prompt was" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(raw=BEGUN + ERROR_EVENT), "it reported an error of its own"),
        (Reply(raw=BEGUN + b'data: {"i\n\n'), "it sent what is no JSON"),
        (Reply(["Hel", "lo"], stall_s=3.0), "it said nothing for 0.5 s"),
        (Reply(["Hel"] * 40, stall_s=0.2), "it did not finish within 1.5 s"),
    ],
    ids=["error event", "no JSON", "silence", "too slow"],
)
async def test_a_text_that_breaks_off_says_why_in_our_own_words(fault: Reply, words: str) -> None:
    with openai_server(fault) as server, pytest.raises(ChatModelTruncated) as caught:
        await read(server, timeout_s=1.5)
    assert words in str(caught.value)
    assert "sk-proj" not in str(caught.value)


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    chat = LangChainChatModel("fake", base_url="http://127.0.0.1:9/v1", api_key="k", timeout_s=30)
    with pytest.raises(ChatModelUnavailable, match="cannot be reached: check that it runs"):
        [piece async for piece in chat.stream([Message("user", "u")], max_tokens=5)]


async def read_with(chat: LangChainChatModel, temperature: float | None = None) -> str:
    """The whole text of one reply."""
    stream = chat.stream([Message("user", "u")], max_tokens=50, temperature=temperature)
    return "".join([piece async for piece in stream])


async def test_temperature_and_length_are_sent_by_every_name() -> None:
    with openai_server(HELLO) as server:
        chat = make_chat_model(server)
        await read_with(chat)
        await read_with(chat, 0.7)
    assert [request["temperature"] for request in server.requests] == [0.0, 0.7]
    for request in server.requests:
        assert (request["max_tokens"], request["max_completion_tokens"]) == (50, 50)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model."),
        ("max_tokens", "'max_tokens' is not supported, use 'max_completion_tokens' instead."),
        ("max_completion_tokens", "Extra inputs are not permitted: max_completion_tokens"),
    ],
)
async def test_an_option_that_is_refused_is_left_out_from_then_on(
    option: str, message: str
) -> None:
    with openai_server(Reply(status=400, message=message), HELLO) as server:
        chat = make_chat_model(server)
        assert [await read_with(chat), await read_with(chat)] == ["Hello", "Hello"]
    assert [option in request for request in server.requests] == [True, False, False]
    kept = {"temperature", "max_tokens", "max_completion_tokens"} - {option}
    assert all(kept <= request.keys() for request in server.requests)


async def test_a_request_that_is_wrong_otherwise_is_not_sent_again() -> None:
    long = Reply(status=400, message="maximum context length is 4096, lower max_tokens")
    with openai_server(long, HELLO) as server:
        chat = make_chat_model(server)
        with pytest.raises(ChatModelUnavailable):
            await read_with(chat)
        await read_with(chat)
    assert len(server.requests) == 2
    assert server.requests[1]["max_tokens"] == 50


@pytest.mark.parametrize(
    ("finish_reason", "told"), [("stop", "stop"), ("length", "length"), ("content_filter",) * 2]
)
async def test_a_whole_completion_in_place_of_a_stream_is_read(
    finish_reason: str, told: str
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": usage}
    body = json.dumps({**whole, "choices": [{**choice, "finish_reason": finish_reason}]}).encode()
    with openai_server(Reply(raw=body, content_type="application/json")) as server:
        assert await read(server) == ("Hello", told, Usage(11, 7))
    assert len(server.requests) == 1


@pytest.mark.parametrize("raw", [b"{}", b'{"choices": []}', b"[1]", b"{", b'{"choices": [{}]}'])
async def test_json_that_is_no_completion_is_a_fault(raw: bytes) -> None:
    with (
        openai_server(Reply(raw=raw, content_type="application/json")) as server,
        pytest.raises(ChatModelUnavailable),
    ):
        await read(server)


async def test_a_provider_that_is_down_is_left_alone_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breaker, "PAUSE_S", 0.3)
    with openai_server(*[Reply(status=401)] * breaker.FAILURES, HELLO) as server:
        chat = make_chat_model(server)
        for _ in range(breaker.FAILURES):
            with pytest.raises(ChatModelUnavailable, match="refused its key"):
                await read_with(chat)
        with pytest.raises(ChatModelUnavailable, match="asked again in") as caught:
            await read_with(chat)
        assert caught.value.retry_after_s is not None
        assert len(server.requests) == breaker.FAILURES
        await asyncio.sleep(0.4)
        assert [await read_with(chat), await read_with(chat)] == ["Hello", "Hello"]


async def test_a_model_that_will_not_answer_is_not_down() -> None:
    with openai_server(Reply(finish_reason="content_filter")) as server:
        chat = make_chat_model(server)
        for _ in range(breaker.FAILURES + 1):
            with pytest.raises(ChatModelUnavailable, match="withheld"):
                await read_with(chat)
    assert len(server.requests) == breaker.FAILURES + 1
    assert chat.breaker.wait_s() == 0.0
