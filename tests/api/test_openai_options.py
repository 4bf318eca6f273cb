"""What OpenAI's clients may ask for: honoured, or refused by its name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import OpenAI

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.errors import ChatModelTruncated, ChatModelUnavailable, RagError
from tests.api.conftest import wait_until_ready
from tests.serving import serving_small_corpus

HERON = "How many passengers does the Heron carry?"
ASKED: dict[str, Any] = {"model": "small", "messages": [{"role": "user", "content": HERON}]}
QUOTE = "The Heron carries 120 passengers and 18 cars."
Reply = Sequence[str | RagError]
CHAT = "/v1/chat/completions"


def read_stream(http: httpx.Client, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text and the last chunk with a choice of a streamed completion."""
    events = http.post(CHAT, json=body | {"stream": True}).text.split("\n\n")
    chunks = [json.loads(e.removeprefix("data: ")) for e in events if e and "[DONE]" not in e]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    return text, chunks[-1]["choices"][0]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x", "format": "wav"}}, "audio"),
    ],
)
def test_what_cannot_be_had_is_refused_by_its_name(
    http: httpx.Client, options: dict[str, Any], param: str
) -> None:
    for stream in (False, True):
        reply = http.post(CHAT, json=ASKED | options | {"stream": stream})
        error = reply.json()["error"]
        assert reply.status_code == 400
        assert (error["code"], error["param"]) == ("unsupported_parameter", param)
        assert error["message"].startswith(f"{param} is not supported")


@pytest.mark.parametrize(
    "options",
    [
        {"n": 1, "tools": [], "logprobs": False, "modalities": ["text"]},
        {"tools": [{"type": "function"}], "tool_choice": "none"},
        {"response_format": {"type": "text"}, "max_tokens": 256.0, "temperature": 1, "seed": 7},
        {"max_completion_tokens": 300, "stop": None, "top_p": 0.5, "user": "u"},
    ],
)
def test_what_changes_nothing_is_accepted(http: httpx.Client, options: dict[str, Any]) -> None:
    reply = http.post(CHAT, json=ASKED | options)
    assert QUOTE in reply.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"temperature": 99}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 2.5}, "max_tokens"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"filters": {"tenant": {"$or": 1}}}, "filters"),
    ],
)
def test_a_body_that_cannot_be_meant_is_400_as_openai_says(
    http: httpx.Client, options: dict[str, Any], param: str
) -> None:
    reply = http.post(CHAT, json=ASKED | options)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"].startswith(param)


def test_a_picture_is_refused_in_plain_words(http: httpx.Client) -> None:
    parts = [{"type": "text", "text": HERON}, {"type": "image_url", "image_url": {"url": "x"}}]
    reply = http.post(CHAT, json=ASKED | {"messages": [{"role": "user", "content": parts}]})
    assert reply.json()["error"]["message"].endswith(
        "only text parts are read: leave out image_url"
    )


def test_a_refusal_in_the_history_is_read(http: httpx.Client) -> None:
    said = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    messages = [ASKED["messages"][0], said, ASKED["messages"][0]]
    assert http.post(CHAT, json=ASKED | {"messages": messages}).status_code == 200


def test_an_extractive_answer_ends_with_a_sentence_that_fits(http: httpx.Client) -> None:
    asked = ASKED | {"messages": [{"role": "user", "content": "What about dogs on boats?"}]}
    whole = http.post(CHAT, json=asked).json()["choices"][0]["message"]
    body = asked | {"max_tokens": 15}
    [choice] = http.post(CHAT, json=body).json()["choices"]
    message = choice["message"]
    assert choice["finish_reason"] == "length"
    assert whole["content"].startswith(f"{message['content']} ")
    assert message["content"].endswith(" [1]")
    assert message["status"] == "partial"
    assert len(message["citations"]) == 1
    text, last = read_stream(http, body)
    assert (text, last["finish_reason"]) == (message["content"], "length")


def test_an_extractive_answer_ends_before_a_stop_sequence(http: httpx.Client) -> None:
    for body in (ASKED | {"stop": " and 18"}, ASKED | {"stop": ["never", " and 18"]}):
        text, last = read_stream(http, body)
        assert (text, last["finish_reason"]) == ("The Heron carries 120 passengers", "stop")
        [choice] = http.post(CHAT, json=body).json()["choices"]
        assert choice["message"]["content"] == text


@pytest.mark.parametrize("said", ["It carries 120 [1]. STOP here.", "It carries 120 [1]. ST"])
def test_a_prompted_answer_ends_before_a_stop_sequence(tmp_path: Path, said: str) -> None:
    chat = ScriptedChatModel([*said], [*said])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with httpx.Client(base_url=address) as client:
            text, last = read_stream(client, ASKED | {"stop": ["STOP"]})
    assert text.startswith("It carries 120 [1]. ")
    assert "STOP" not in text
    assert last["finish_reason"] == "stop"


def test_tokens_are_counted_without_a_chat_model(http: httpx.Client) -> None:
    usage = http.post(CHAT, json=ASKED).json()["usage"]
    assert usage["prompt_tokens"] == 11  # 41 characters
    assert usage["completion_tokens"] > 12
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    body = {"corpus": "small", "question": HERON}
    assert http.post("/v1/answers", json=body).json()["usage"] == usage


def test_each_mark_is_annotated_with_the_address_of_its_quote(http: httpx.Client) -> None:
    message = http.post(CHAT, json=ASKED).json()["choices"][0]["message"]
    text, last = read_stream(http, ASKED)
    assert message["annotations"] == last["delta"]["annotations"]
    assert message["content"] == text
    for place, each in enumerate(message["annotations"]):
        cited = each["url_citation"]
        assert text[cited["start_index"] : cited["end_index"]] == f"[{place + 1}]"
        assert cited["title"] == message["citations"][place]["document"]["title"]
        page = http.get(cited["url"])
        assert cited["url"].startswith(str(http.base_url))
        assert "<mark" in page.text
    assert message["annotations"]


def test_the_list_of_sources_stands_behind_the_text_for_langchain(address: str) -> None:
    chat = ChatOpenAI(
        model="small", base_url=f"{address}/v1", api_key="none", extra_body={"sources": "text"}
    )
    plain = chat.invoke(HERON)
    assert f"\n\nSources:\n[1] boats.md: {address}/documents/" in plain.text
    assert "".join(piece.text for piece in chat.stream(HERON)) == plain.text
    assert plain.usage_metadata and plain.usage_metadata["output_tokens"] > 0


def test_the_list_of_sources_says_in_what_state_the_answer_is(tmp_path: Path) -> None:
    replies: list[Reply] = [["The Heron carries 500 [1]."], [ChatModelUnavailable("down")]]
    with serving_small_corpus(tmp_path, chat_model=ScriptedChatModel(*replies)) as address:
        wait_until_ready(address)
        with OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
            texts = [
                client.chat.completions.create(**ASKED, extra_body={"sources": "text"})
                .choices[0]
                .message.content
                for _ in replies
            ]
    assert "Note: Not every sentence of this answer is supported" in str(texts[0])
    assert "Note: The chat model could not be asked" in str(texts[1])


def test_a_truncation_is_not_tried_again_by_the_official_client(tmp_path: Path) -> None:
    broken: Reply = ["The Heron ", ChatModelTruncated("cut")]
    chat = ScriptedChatModel(*[broken] * 3)
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with (
            OpenAI(base_url=f"{address}/v1", api_key="none") as client,
            pytest.raises(openai.InternalServerError),
        ):
            client.chat.completions.create(**ASKED)
    assert len(chat.asked) == 1
