"""Answers on their way to a client: kept alive while quiet, stopped as soon as the client goes."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from rag.domain import Answer, AnswerDelta
from rag.errors import RagError

log = logging.getLogger(__name__)

Items = AsyncGenerator[AnswerDelta | Answer, None]

BEGIN_S = 0.5  # chosen: within it an error still gets its own status
KEEPALIVE_S = 10.0  # chosen: below the 15 s after which some proxies give up
GONE_POLL_S = 0.25  # chosen: a client that is gone costs the model so much longer
CLIENT_GONE = 499  # as nginx logs it; nobody receives it
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def event(data: object, name: str | None = None) -> str:
    """One event with JSON data."""
    text = json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"


class Relay:
    """Items made in tasks of their own, so that waiting for one can end without stopping it."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._pending: asyncio.Future[AnswerDelta | Answer] | None = None

    async def has_next(self, within_s: float) -> bool:
        """True once the next item, the end or an error is there; False after `within_s`."""
        self._pending = self._pending or asyncio.ensure_future(anext(self._items))
        done, _ = await asyncio.wait({self._pending}, timeout=within_s)
        return bool(done)

    async def take(self) -> AnswerDelta | Answer | None:
        """The next item, None at the end. Raises what the items raise."""
        task = self._pending or asyncio.ensure_future(anext(self._items))
        self._pending = None
        try:
            return await task
        except StopAsyncIteration:
            return None

    async def raise_early_error(self) -> None:
        """Raise what kept the items from beginning, if it did so at once."""
        if await self.has_next(BEGIN_S) and self._pending and self._pending.exception():
            await self.take()

    async def close(self) -> None:
        """Stop the item being made and close the items."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.gather(self._pending, return_exceptions=True)
        await self._items.aclose()


@dataclass(frozen=True, slots=True)
class EventForm:
    """How one protocol writes the items of an answer as server-sent events."""

    opening: str
    of_item: Callable[[AnswerDelta | Answer], Iterator[str]]
    of_error: Callable[[RagError], str]
    closing: str


class EventStream(StreamingResponse):
    """A reply of server-sent events; its items are closed with it, even if it never began."""

    def __init__(self, relay: Relay, form: EventForm) -> None:
        events = _write(relay, form)
        super().__init__(events, media_type="text/event-stream", headers=HEADERS)
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._relay.close()


async def stream_answer(items: Items, form: EventForm) -> EventStream:
    """A stream of `items`; what cannot begin raises here, while a status can still be sent."""
    relay = Relay(items)
    try:
        await relay.raise_early_error()
    except RagError:
        await relay.close()
        raise
    return EventStream(relay, form)


async def _write(relay: Relay, form: EventForm) -> AsyncIterator[str]:
    if form.opening:
        yield form.opening
    try:
        while True:
            if not await relay.has_next(KEEPALIVE_S):
                yield ": keepalive\n\n"
                continue
            item = await relay.take()
            if item is None:
                break
            for text in form.of_item(item):
                yield text
    except RagError as error:
        log.error("a stream broke off: %s", error)
        yield form.of_error(error)
        return
    if form.closing:
        yield form.closing


async def read_answer(items: Items, request: Request) -> Answer:
    """The answer at the end of `items`; gives up and stops them when the client has gone."""
    relay = Relay(items)
    try:
        while not await request.is_disconnected():
            if await relay.has_next(GONE_POLL_S):
                item = await relay.take()
                if isinstance(item, Answer):
                    return item
        raise HTTPException(CLIENT_GONE, "the client went away")
    finally:
        await relay.close()
