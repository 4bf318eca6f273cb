"""Limits around every request: its host, the size of its body while it arrives, and its id."""

import re
import uuid

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import envelope

LOCAL_HOST = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.I)
MAX_BODY_BYTES = 256 * 1024
TOO_LARGE = f"the body is larger than {MAX_BODY_BYTES} bytes: send less"
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
}


class Limits:
    """Refuses foreign hosts, large and encoded bodies; gives each reply its `x-request-id`.

    A page of another site that resolves its own name to this machine is refused by its host.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = f"req_{uuid.uuid4().hex}".encode()
        received = 0

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-request-id", request_id), *HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413, TOO_LARGE, headers={"connection": "close"})
            return message

        if refusal := _refusal(headers):
            await _refuse(*refusal, scope, receive, send_named)
            return
        await self._app(scope, receive_counted, send_named)


def _refusal(headers: dict[bytes, bytes]) -> tuple[int, str] | None:
    if not LOCAL_HOST.fullmatch(headers.get(b"host", b"")):
        return 400, "the Host header names no local address"
    if headers.get(b"content-encoding", b"identity") != b"identity":
        return 415, "encoded bodies are not accepted"
    if _declared(headers) > MAX_BODY_BYTES:
        return 413, TOO_LARGE
    return None


def _declared(headers: dict[bytes, bytes]) -> int:
    raw = headers.get(b"content-length", b"0")
    return int(raw) if raw.isdigit() else 0


async def _refuse(status: int, message: str, scope: Scope, receive: Receive, send: Send) -> None:
    body = envelope(status, message, code="refused", param=None)
    await JSONResponse(body, status, headers={"connection": "close"})(scope, receive, send)
