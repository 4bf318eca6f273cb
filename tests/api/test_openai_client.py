"""The official client, unchanged: plain, streamed, and when things fail."""

from pathlib import Path

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.errors import ChatModelTruncated, ChatModelUnavailable
from tests.api.conftest import wait_until_ready
from tests.serving import serving_small_corpus
from tests.small_corpus import TEXTS

HERON: list[ChatCompletionMessageParam] = [
    {"role": "user", "content": "How many passengers does the Heron carry?"}
]
QUOTE = "The Heron carries 120 passengers and 18 cars."


def make_client(address: str) -> OpenAI:
    return OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=10)


def test_corpora_are_models(address: str) -> None:
    with make_client(address) as client:
        assert [model.id for model in client.models.list()] == ["small"]
        assert client.models.retrieve("small").owned_by == "plumbline"
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("absent")
    assert caught.value.code == "corpus_not_found"


def test_a_completion_carries_its_citations(address: str) -> None:
    with make_client(address) as client:
        reply = client.chat.completions.create(model="small", messages=HERON)
    [choice] = reply.choices
    assert choice.finish_reason == "stop"
    assert f"{QUOTE} [1]" in str(choice.message.content)
    [citation, *_] = choice.message.citations  # type: ignore[attr-defined]  # kept by the client
    assert citation["quote"] == QUOTE
    span = citation["span"]
    assert TEXTS[citation["document"]["source"]][span["start"] : span["end"]] == QUOTE


def test_a_stream_has_a_role_pieces_one_finish_usage_and_citations(address: str) -> None:
    with make_client(address) as client:
        stream = client.chat.completions.create(
            model="small",
            messages=HERON,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    finishes = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert finishes == [None] * (len(finishes) - 1) + ["stop"]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert QUOTE in text
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-2].citations[0]["quote"] == QUOTE  # type: ignore[attr-defined]  # kept by the client


def test_citations_can_be_switched_off(address: str) -> None:
    with make_client(address) as client:
        reply = client.chat.completions.create(
            model="small",
            messages=HERON,
            extra_body={"citations": False},
        )
    assert set(reply.choices[0].message.model_dump(exclude_none=True)) == {"role", "content"}


def test_langchain_works_unchanged(address: str) -> None:
    chat = ChatOpenAI(model="small", base_url=f"{address}/v1", api_key="none")
    assert QUOTE in chat.invoke("How many passengers does the Heron carry?").text


@pytest.mark.parametrize(
    ("messages", "model", "kind"),
    [
        (HERON, "absent", openai.NotFoundError),
        (HERON, "../etc", openai.NotFoundError),
        ([], "small", openai.BadRequestError),
        ([{"role": "user", "content": " "}], "small", openai.BadRequestError),
        ([{"role": "assistant", "content": "x"}], "small", openai.BadRequestError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_the_clients_own_error(
    address: str,
    messages: list[ChatCompletionMessageParam],
    model: str,
    kind: type[openai.APIError],
    stream: bool,
) -> None:
    with make_client(address) as client, pytest.raises(kind) as caught:
        client.chat.completions.create(model=model, messages=messages, stream=stream)
    assert caught.value.message


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ('### Task:\nWrite a title. JSON format: { "title": "..." }\n### Chat History:', "title"),
        ('### Task:\nWrite tags: { "tags": ["..."] }\n### Chat History:', "tags"),
        ('### Task:\nSuggest: { "follow_ups": [] }\n### Chat History:', "follow_ups"),
    ],
)
def test_prompts_of_chat_clients_are_answered_without_retrieval(
    address: str, prompt: str, reply: str
) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": prompt}]
    with make_client(address) as client:
        plain = client.chat.completions.create(model="small", messages=messages)
        stream = client.chat.completions.create(model="small", messages=messages, stream=True)
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert plain.choices[0].message.content == streamed
    assert streamed.startswith(f'{{"{reply}"')


def test_a_stream_that_breaks_off_ends_with_an_error_and_no_done(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["The Heron ", ChatModelTruncated("the provider went away")])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with make_client(address) as client:
            stream = client.chat.completions.create(model="small", messages=HERON, stream=True)
            received = []
            with pytest.raises(openai.APIError, match="went away"):
                received += [chunk.choices[0].delta.content or "" for chunk in stream]


def test_a_provider_that_is_down_still_gives_quotes(tmp_path: Path) -> None:
    chat = ScriptedChatModel([ChatModelUnavailable("down")])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with make_client(address) as client:
            reply = client.chat.completions.create(model="small", messages=HERON)
    assert reply.choices[0].message.degraded is True  # type: ignore[attr-defined]  # kept by the client
    assert QUOTE in str(reply.choices[0].message.content)
