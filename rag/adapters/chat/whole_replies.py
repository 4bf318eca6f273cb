"""Whole completions that a server sends where a stream was asked for, read as a stream."""

import json
from typing import Any

import httpx2


class WholeReplyClient(httpx2.AsyncClient):
    """A client of HTTP that gives a completion sent as one JSON text as the one event of a stream.

    OpenAI's client would find no event in it, and so an empty reply.
    """

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The reply to a request, in the form that was asked for."""
        response = await super().send(request, **options)
        kind = response.headers.get("content-type", "")
        if response.status_code != 200 or not kind.startswith("application/json"):
            return response
        text = await response.aread()
        asked = json.loads(request.content)
        if not asked.get("stream"):
            return response
        events = _as_events(text)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=events, request=request)


def _as_events(text: bytes) -> bytes:
    try:
        completion = json.loads(text)
        choices = [
            {**choice, "delta": choice["message"]} for choice in completion.get("choices", [])
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return b"data: " + text.replace(b"\n", b" ") + b"\n\n"
    chunk = {**completion, "object": "chat.completion.chunk", "choices": choices}
    return b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n"
