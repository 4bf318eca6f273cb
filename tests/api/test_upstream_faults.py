"""What a chat model does wrong over real HTTP, and what a client of ours gets to see of it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.adapters.chat import langchain_chat
from rag.adapters.chat.langchain_chat import LangChainChatModel
from tests.api.conftest import wait_until_ready
from tests.openai_server import Reply, openai_server
from tests.serving import serving_small_corpus

pytestmark = pytest.mark.slow

QUESTION = "How many passengers does the Heron carry?"
SAID = "The Heron carries 120 passengers [1]."
KEY = "sk-proj-abcdefgh12345678"
SECRET = f"Incorrect API key provided: {KEY}"
ERROR_EVENT = f'data: {{"error": {{"message": "{SECRET}", "type": "x"}}}}\n\n'.encode()
BEGUN = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"' + SAID.encode() + b'"}}]}\n\n'
WHOLE = json.dumps(
    {"choices": [{"message": {"role": "assistant", "content": SAID}, "finish_reason": "length"}]}
).encode()
CALL = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]}

Body = dict[str, Any]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langchain_chat, "FIRST_WAIT_S", 0.05)


@contextmanager
def client_of(data: Path, *replies: Reply) -> Iterator[httpx.Client]:
    """A client of a service whose chat model gives `replies`."""
    with openai_server(*replies) as upstream:
        chat = LangChainChatModel("m", base_url=upstream.base_url, api_key=KEY, timeout_s=4.0)
        with serving_small_corpus(data, chat_model=chat) as address:
            wait_until_ready(address)
            with httpx.Client(base_url=address, timeout=20) as client:
                yield client


def ask_natively(client: httpx.Client) -> list[Body]:
    """The answer without and with a stream, whose deltas must be its text."""
    body = {"corpus": "small", "question": QUESTION}
    plain = client.post("/v1/answers", json=body).json()
    events = client.post("/v1/answers", json=body | {"stream": True}).text
    names = [line[7:] for line in events.splitlines() if line.startswith("event: ")]
    sent = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: ")]
    assert names == ["delta"] * (len(names) - 1) + ["error" if "error" in sent[-1] else "answer"]
    if "error" not in sent[-1]:
        assert "".join(each["text"] for each in sent[:-1]) == sent[-1]["text"]
    return [plain, sent[-1]]


def ask_as_openai(client: httpx.Client) -> list[tuple[str, str]]:
    """Text and finish reason without and with a stream; `error` is the reason of a failure."""
    body = {"model": "small", "messages": [{"role": "user", "content": QUESTION}]}
    plain = client.post("/v1/chat/completions", json=body).json()
    events = client.post("/v1/chat/completions", json=body | {"stream": True}).text
    lines = [line.removeprefix("data: ") for line in events.split("\n\n") if line]
    chunks = [json.loads(line) for line in lines if line != "[DONE]"]
    if "error" in chunks[-1]:
        assert "[DONE]" not in lines
        return [(plain["error"]["text"], "error"), (chunks[-1]["error"]["text"], "error")]
    assert lines.count("[DONE]") == 1
    choices = [chunk["choices"][0] for chunk in chunks]
    reasons = [choice["finish_reason"] for choice in choices]
    assert reasons[:-1] == [None] * (len(reasons) - 1)
    [whole] = plain["choices"]
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    return [(whole["message"]["content"], whole["finish_reason"]), (text, reasons[-1])]


@pytest.mark.parametrize(
    ("reply", "finish_reason"),
    [
        (Reply([SAID[:10], SAID[10:]], finish_reason="content_filter"), "content_filter"),
        (Reply([SAID], deltas=[{"refusal": "No more."}]), "content_filter"),
        (Reply([SAID], finish_reason="length"), "length"),
        (Reply(raw=WHOLE, content_type="application/json"), "length"),
    ],
    ids=["filter", "refusal", "length", "whole"],
)
def test_a_text_that_was_cut_is_never_a_complete_answer(
    tmp_path: Path, reply: Reply, finish_reason: str
) -> None:
    with client_of(tmp_path, reply) as client:
        assert ask_as_openai(client) == [(SAID, finish_reason)] * 2
        for answer in ask_natively(client):
            assert answer["finish_reason"] == finish_reason
            assert (answer["status"], answer["truncated"]) == ("partial", True)


@pytest.mark.parametrize(
    "reply",
    [
        Reply([f"{SAID} "] * 400),
        Reply([f"{place} and " for place in range(9000)]),
        Reply(["The Heron"] + ["ha"] * 9000),
    ],
    ids=["loop", "flood", "syllables"],
)
def test_a_text_that_would_not_end_is_ended(tmp_path: Path, reply: Reply) -> None:
    with client_of(tmp_path, reply) as client:
        for text, finish_reason in ask_as_openai(client):
            assert 200 < len(text) <= 1.5 * 1024 * 4
            assert finish_reason == "length"
        for answer in ask_natively(client):
            assert (answer["status"], answer["truncated"]) == ("partial", True)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(["\n \n"]),
        Reply([" "], finish_reason="content_filter"),
        Reply(deltas=[{"refusal": "I will not."}]),
        Reply(deltas=[CALL], finish_reason="tool_calls"),
        Reply(["<think>It is 120.", "</think>"]),
        Reply(["<think>It is 120."], finish_reason="length"),
        Reply(status=401, message=SECRET),
    ],
    ids=["blank", "filter", "refusal", "tool call", "thinking", "endless thinking", "401"],
)
def test_a_reply_without_text_gives_way_to_quotes(
    tmp_path: Path, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with client_of(tmp_path, reply) as client:
        for text, finish_reason in ask_as_openai(client):
            assert "120 passengers" in text
            assert finish_reason == "stop"
        for answer in ask_natively(client):
            assert answer["degraded"] is True
            assert answer["generator"] == "extractive"
    assert "answering without the chat model" in caplog.text
    assert KEY not in caplog.text
    assert "I will not" not in caplog.text


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>I see ", "it.</think>\n", SAID],
        [*"<think>I see it.</think>", *SAID],
        ["<reasoning>I see it.</reasoning>" + SAID],
    ],
    ids=["pieces", "characters", "whole"],
)
def test_thinking_reaches_no_reader(tmp_path: Path, pieces: list[str]) -> None:
    with client_of(tmp_path, Reply(pieces)) as client:
        assert ask_as_openai(client) == [(SAID, "stop")] * 2
        for answer in ask_natively(client):
            assert (answer["text"], answer["status"]) == (SAID, "answered")
            assert [each["text"] for each in answer["sentences"]] == [SAID]


def test_a_refusal_reaches_no_reader(tmp_path: Path) -> None:
    with client_of(tmp_path, Reply([*"The answer is NOT_IN_THE_DOCUMENTS."])) as client:
        for text, finish_reason in ask_as_openai(client):
            assert text.startswith("The documents in small do not seem to hold an answer")
            assert finish_reason == "stop"
        assert [answer["status"] for answer in ask_natively(client)] == ["abstained"] * 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(raw=BEGUN + ERROR_EVENT),
        Reply(raw=BEGUN + b"data: {sk-proj-abcdefgh12345678\n\n"),
        Reply([SAID], finish_reason="error"),
        Reply([SAID, "<think>and"]),
    ],
    ids=["error event", "no JSON", "unknown end", "unclosed thinking"],
)
def test_a_text_that_broke_off_is_one_error_in_our_own_words(
    tmp_path: Path, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with client_of(tmp_path, reply) as client:
        assert ask_as_openai(client) == [(SAID, "error")] * 2
        for failure in ask_natively(client):
            assert failure["error"]["code"] == "upstream_truncated"
            assert failure["error"]["message"].startswith("the chat model's answer broke off: it ")
            assert KEY not in json.dumps(failure)
    assert "broke off" in caplog.text
    assert KEY not in caplog.text


def test_a_part_of_a_text_is_without_marks_too(tmp_path: Path) -> None:
    part = Reply(["It is NOT_IN_THE_DOCUMENTS or [1] [99] [9"], finish_reason=None)
    with client_of(tmp_path, part) as client:
        assert ask_as_openai(client) == [("It is … or [1]  ", "error")] * 2
