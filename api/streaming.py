"""Server-sent events: one terminal event, kept alive while quiet, closed with the client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from rag.domain import Answer, AnswerDelta

KEEPALIVE_S = 10.0
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def event(data: Any, name: str | None = None) -> str:
    """One event with JSON data."""
    text = json.dumps(data, ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"


def respond(events: AsyncIterator[str]) -> StreamingResponse:
    """A reply that sends `events` as they come and closes them when the client goes."""
    return StreamingResponse(keep_alive(events), media_type="text/event-stream", headers=HEADERS)


async def keep_alive(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """`events` with a comment whenever none came for a while; closes `events` at the end."""
    pending: asyncio.Task[str] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({pending}, timeout=KEEPALIVE_S)
            if not done:
                yield ": keepalive\n\n"
                continue
            try:
                text = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield text
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await events.aclose()  # type: ignore[attr-defined]  # all our events are generators


async def first_and_rest(
    items: AsyncIterator[AnswerDelta | Answer],
) -> AsyncIterator[AnswerDelta | Answer]:
    """The same items, the first already made: what cannot begin raises here, not in the stream."""
    first = await anext(items)

    async def replay() -> AsyncIterator[AnswerDelta | Answer]:
        try:
            yield first
            async for item in items:
                yield item
        finally:
            await items.aclose()  # type: ignore[attr-defined]  # Plumbline.answer is a generator

    return replay()


async def read_answer(items: AsyncIterator[AnswerDelta | Answer]) -> Answer:
    """The answer at the end of `items`."""
    answer: Answer | None = None
    async for item in items:
        if isinstance(item, Answer):
            answer = item
    assert answer is not None, "a conversation ends with one answer"
    return answer
