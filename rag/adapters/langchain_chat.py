"""Chat models through LangChain's `init_chat_model`: one retry loop, one time budget."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from rag.domain import Message, Usage
from rag.errors import ChatModelTruncated, ChatModelUnavailable, SettingsError
from rag.ports import ChatStream

ATTEMPTS = 3
FIRST_TOKEN_SHARE = 0.25  # of the whole time budget: 15 s of the default 60 s
IDLE_SHARE = 1 / 3  # 20 s of 60 s without text: comments and empty deltas do not count
RETRIED_STATUS = {408, 409, 429, 500, 502, 503, 504}
LONGEST_WAIT_S = 10.0


class LangChainChatModel:
    """Any provider that LangChain can open; with a base URL an OpenAI-compatible server."""

    def __init__(self, name: str, *, base_url: str, api_key: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        options: dict[str, Any] = {"max_retries": 0, "timeout": timeout_s}
        if base_url:
            name = name.removeprefix("openai:")
            options |= {"model_provider": "openai", "base_url": base_url, "stream_usage": True}
            options["api_key"] = api_key or "none"
        elif api_key:
            options["api_key"] = api_key
        try:
            self._chat: BaseChatModel = init_chat_model(name, **options)
        except (ImportError, ValueError, openai.OpenAIError) as error:
            raise SettingsError(
                f"RAG_CHAT_MODEL={name!r} cannot be opened: {_first_line(error)}"
            ) from error
        self.name = f"openai:{name}" if base_url else name

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> ChatStream:
        """Start a reply; nothing is sent before the result is iterated."""
        payload = [(message.role, message.content) for message in messages]
        return _Stream(self._chat, payload, max_tokens=max_tokens, timeout_s=self._timeout_s)


@dataclass(slots=True)
class _Stream:
    chat: BaseChatModel
    payload: Sequence[tuple[str, str]]
    max_tokens: int
    timeout_s: float
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""

    async def __aiter__(self) -> AsyncIterator[str]:
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        for attempt in range(1, ATTEMPTS + 1):
            received = self.finish_reason = ""
            pieces = self._pieces(deadline)
            try:
                async for piece in pieces:
                    received += piece
                    yield piece
                self._require_complete(received)
                return
            except (GeneratorExit, asyncio.CancelledError):
                raise
            except Exception as error:  # each provider has an error tree of its own
                if received:
                    raise ChatModelTruncated(
                        f"the chat model's stream broke off: {_first_line(error)}", partial=received
                    ) from error
                await self._wait_or_give_up(error, attempt, deadline)
            finally:
                await pieces.aclose()

    async def _pieces(self, deadline: float) -> Any:  # an async generator, closed explicitly
        loop = asyncio.get_running_loop()
        chunks: Any = self.chat.astream(list(self.payload), max_tokens=self.max_tokens)
        idle_s = self.timeout_s * FIRST_TOKEN_SHARE
        quiet_until = min(deadline, loop.time() + idle_s)
        try:
            while True:
                try:
                    async with asyncio.timeout_at(quiet_until):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                self._note(chunk)
                if chunk.text:
                    yield chunk.text
                    quiet_until = min(deadline, loop.time() + self.timeout_s * IDLE_SHARE)
        finally:
            await chunks.aclose()

    def _note(self, chunk: Any) -> None:  # a LangChain message chunk of whatever provider
        self.finish_reason = (
            chunk.response_metadata.get("finish_reason")
            or chunk.response_metadata.get("stop_reason")
            or self.finish_reason
        )
        if used := chunk.usage_metadata:
            self.usage = Usage(used["input_tokens"], used["output_tokens"])

    def _require_complete(self, received: str) -> None:
        if not received:
            raise ChatModelUnavailable("the chat model sent no text")
        if not self.finish_reason:
            raise ChatModelTruncated("the stream ended without a finish reason", partial=received)

    async def _wait_or_give_up(self, error: Exception, attempt: int, deadline: float) -> None:
        advice = _retry_after(error)
        wait = random.uniform(0.5, 1.0) * 2 ** (attempt - 1) if advice is None else advice
        remaining = deadline - asyncio.get_running_loop().time()
        if attempt == ATTEMPTS or not _may_retry(error) or wait > min(remaining, LONGEST_WAIT_S):
            raise ChatModelUnavailable(
                f"the chat model did not answer: {_first_line(error)}", retry_after_s=advice
            ) from error
        await asyncio.sleep(wait)


def _may_retry(error: Exception) -> bool:
    if isinstance(error, openai.APIStatusError):
        return error.status_code in RETRIED_STATUS and error.code != "insufficient_quota"
    return True


def _retry_after(error: Exception) -> float | None:
    if not isinstance(error, openai.APIStatusError):
        return None
    raw = error.response.headers.get("retry-after")
    try:
        return None if raw is None else max(1.0, float(raw))
    except ValueError:
        return 1.0


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]
