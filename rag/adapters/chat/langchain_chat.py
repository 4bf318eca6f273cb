"""Chat models through LangChain's `init_chat_model`: one retry loop, one time budget."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import openai
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from rag.adapters.chat.breaker import Breaker
from rag.adapters.chat.faults import (
    FINISH_REASONS,
    OPTIONS,
    FaultyReply,
    find_fault,
    is_own_choice,
    refused_option,
)
from rag.adapters.chat.thinking import ThinkingFilter
from rag.adapters.chat.whole_replies import WholeReplyClient
from rag.adapters.retrying import RetryPolicy
from rag.domain import FinishReason, Message, Usage
from rag.errors import ChatModelError, ChatModelTruncated, ChatModelUnavailable, SettingsError
from rag.outgoing.redaction import redact
from rag.ports import ChatStream

FIRST_TOKEN_SHARE = 0.25  # of the whole time budget: 15 s of the default 60 s
IDLE_SHARE = 1 / 3  # 20 s of 60 s without text: comments and blanks do not count
FIRST_WAIT_S = 1.0  # chosen: twice that of OpenAI's client, since a prompt is dearer
LONGEST_WAIT_S = 10.0  # chosen: somebody waits; then quotes are the answer
OPENAI = "openai:"
REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
NO_TEXT = {
    "content_filter": "withheld its answer",
    "length": "had written nothing when its tokens were spent: raise RAG_CHAT_MAX_TOKENS",
    "tool_calls": "asked for a tool instead of answering",
    "function_call": "asked for a tool instead of answering",
    "tool_use": "asked for a tool instead of answering",
}
"""Replies without text that would be the same again."""
MOST_ATTEMPTS = 3 + len(OPTIONS)  # chosen: one more for each option that may be refused
BLANK = "sent no text"
PAUSED = "the chat model has failed several times and is asked again in {:.0f} s"
THOUGHT_ALOUD = "thought aloud without saying so: ask again, or set the server's reasoning parser"

Pieces = AsyncGenerator[str, None]


class LangChainChatModel:
    """Any provider that LangChain can open; with a base URL an OpenAI-compatible server.

    `thinks_from_the_start` is learned from its last reply, see ThinkingFilter.
    """

    def __init__(
        self, name: str, *, base_url: str, api_key: str, timeout_s: float, temperature: float = 0.0
    ) -> None:
        self.timeout_s = timeout_s
        self.temperature = temperature
        self.refused: set[str] = set()
        self.breaker = Breaker()
        self.has_base_url = bool(base_url)
        self.thinks_from_the_start = False
        options: dict[str, Any] = {"max_retries": 0, "timeout": timeout_s}
        if base_url:
            options |= {"base_url": base_url, "stream_usage": True}
            options["http_async_client"] = WholeReplyClient(
                limits=openai.DEFAULT_CONNECTION_LIMITS, follow_redirects=True
            )
            options["api_key"] = api_key or "none"
        elif api_key:
            options["api_key"] = api_key
        speaks_openai = bool(base_url) or name.startswith(OPENAI)
        name = name.removeprefix(OPENAI) if speaks_openai else name
        open_model = _ChatOpenAI if speaks_openai else init_chat_model
        try:
            self.chat: BaseChatModel = open_model(model=name, **options)
        except (ImportError, ValueError, openai.OpenAIError) as error:
            raise SettingsError(
                f"RAG_CHAT_MODEL={name!r} cannot be opened: {_first_line(error, api_key)}"
                + ("" if api_key else " (RAG_CHAT_API_KEY is empty)")
            ) from error
        self.name = OPENAI + name if speaks_openai else name

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> ChatStream:
        """Start a reply; nothing is sent before the result is iterated."""
        payload = [(message.role, message.content) for message in messages]
        temperature = self.temperature if temperature is None else temperature
        return _Stream(self, payload, {"max_tokens": max_tokens, "temperature": temperature})

    def options(self, wanted: dict[str, float]) -> dict[str, Any]:
        """What is sent of `wanted`: what the model has refused before is left out.

        LangChain calls the length `max_completion_tokens`, which some servers ignore and others
        alone know, so that it is sent by both names.
        """
        kept = {name: value for name, value in wanted.items() if name not in self.refused}
        if self.has_base_url and "max_tokens" in wanted:
            names = ("max_tokens", "max_completion_tokens")
            limits = {name: wanted["max_tokens"] for name in names if name not in self.refused}
            kept.pop("max_tokens", None)
            return kept | {"extra_body": limits}
        return kept

    def learn(self, error: BaseException) -> bool:
        """Whether the error says for the first time that an option is not supported."""
        named = refused_option(error)
        is_new = bool(named) and named not in self.refused
        if named:
            self.refused.add(named)
        return is_new


class _ChatOpenAI(ChatOpenAI):
    """Keeps the `refusal` of a streamed reply, which LangChain drops."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *arguments: Any
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, *arguments)
        deltas = [choice.get("delta") or {} for choice in chunk.get("choices") or []]
        if made and any(delta.get("refusal") for delta in deltas):
            made.message.additional_kwargs["refusal"] = True
        return made


@dataclass(slots=True)
class _Stream:
    model: LangChainChatModel
    payload: Sequence[tuple[str, str]]
    wanted: dict[str, float]
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    reported: str = ""
    has_refused: bool = False

    async def __aiter__(self) -> AsyncIterator[str]:
        bounds = (self.model.timeout_s, LONGEST_WAIT_S, FIRST_WAIT_S)
        retrying = RetryPolicy(self._attempts_for, *bounds).asynchronous()
        deadline = asyncio.get_running_loop().time() + self.model.timeout_s
        first: str
        pieces: Pieces
        received = ""
        if wait_s := self.model.breaker.wait_s():
            raise ChatModelUnavailable(PAUSED.format(wait_s), retry_after_s=wait_s)
        try:
            first, pieces = await retrying(self._begin, deadline)
            self.model.breaker.note_success()
            async with aclosing(pieces):
                received = first
                yield first
                async for piece in pieces:
                    received += piece
                    yield piece
            self._require_complete(received)
        except Exception as error:  # each provider has an error tree of its own
            if is_own_choice(error):
                self.model.breaker.note_success()
            elif not received:
                self.model.breaker.note_failure()
            raise _translated(error, received) from error

    def _attempts_for(self, error: BaseException) -> int:
        return MOST_ATTEMPTS if self.model.learn(error) else find_fault(error).attempts

    async def _begin(self, deadline: float) -> tuple[str, Pieces]:
        """The first piece, after which nothing is tried again, and what gives the others."""
        self.reported, self.has_refused = "", False
        pieces = self._visible(deadline)
        first = await anext(pieces, "")
        if not first:
            self._require_complete(first)
        return first, pieces

    async def _visible(self, deadline: float) -> Pieces:
        thinking = ThinkingFilter(begins_inside=self.model.thinks_from_the_start)
        has_shown = False
        async with aclosing(self._texts(deadline)) as texts:
            async for text in texts:
                piece = thinking.feed(text)
                if thinking.has_leaked:
                    self.model.thinks_from_the_start = True
                    raise FaultyReply(THOUGHT_ALOUD, is_text_usable=False)
                if piece:
                    has_shown = True
                    yield piece
        self.model.thinks_from_the_start = thinking.began_inside
        if piece := thinking.finish():
            yield piece
        if thinking.is_inside and has_shown:
            raise FaultyReply("ended while it was thinking")

    async def _texts(self, deadline: float) -> Pieces:
        loop = asyncio.get_running_loop()
        chunks: Any = self.model.chat.astream(list(self.payload), **self.model.options(self.wanted))
        patience_s = self.model.timeout_s * FIRST_TOKEN_SHARE
        quiet_until = min(deadline, loop.time() + patience_s)
        async with aclosing(chunks):
            while True:
                try:
                    async with asyncio.timeout_at(quiet_until):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    if loop.time() >= deadline:
                        raise FaultyReply(
                            f"did not finish within {self.model.timeout_s:g} s"
                        ) from error
                    raise FaultyReply(f"said nothing for {patience_s:g} s") from error
                self._note(chunk)
                if chunk.text.strip():
                    patience_s = self.model.timeout_s * IDLE_SHARE
                    quiet_until = min(deadline, loop.time() + patience_s)
                yield chunk.text

    def _note(self, chunk: Any) -> None:  # a LangChain message chunk of whatever provider
        told = (chunk.response_metadata.get(key) for key in REASON_KEYS)
        self.reported = next((str(reason) for reason in told if reason), self.reported)
        self.has_refused = self.has_refused or bool(chunk.additional_kwargs.get("refusal"))
        if used := chunk.usage_metadata:
            self.usage = Usage(used["input_tokens"], used["output_tokens"])

    def _require_complete(self, received: str) -> None:
        reason = "content_filter" if self.has_refused else self.reported.lower()
        finish_reason = FINISH_REASONS.get(reason)
        if not received:
            words = NO_TEXT.get(finish_reason or reason)
            raise FaultyReply(words, attempts=1) if words else FaultyReply(BLANK, attempts=2)
        if not reason:
            raise FaultyReply("ended without saying that it had finished")
        if finish_reason is None:
            raise FaultyReply("stopped before it had finished")
        self.finish_reason = finish_reason


def _translated(error: Exception, received: str) -> ChatModelError:
    fault = find_fault(error)
    if received:
        partial = received if fault.is_text_usable else ""
        message = f"the chat model's answer broke off: it {fault.words}"
        return ChatModelTruncated(message, partial=partial)
    message = f"the chat model did not answer: it {fault.words}"
    return ChatModelUnavailable(message, retry_after_s=fault.wait_s)


def _first_line(error: Exception, api_key: str) -> str:
    text = str(error).strip() or type(error).__name__
    return redact(text.splitlines()[0][:300], [api_key])
