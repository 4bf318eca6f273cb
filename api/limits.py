"""Limits around every request: its host, the size and pace of its body, and its id."""

import asyncio
import re
import uuid

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import HTTP_CODES, envelope
from api.logs import REQUEST_ID

LOCAL_HOST = re.compile(rb"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.I)
MAX_BODY_BYTES = 256 * 1024  # chosen: four times the longest conversation that is read
BODY_WITHIN_S = 15.0  # chosen: a slow phone sends as much in a second
TOO_LARGE = f"the body is larger than {MAX_BODY_BYTES} bytes: send less"
TOO_SLOW = f"the body did not arrive within {BODY_WITHIN_S:.0f} s"
CLOSE = {"connection": "close"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OWN_SITE = {b"same-origin", b"none"}


class Limits:
    """Refuses foreign hosts, large, slow and encoded bodies; gives each reply `x-request-id`.

    A page of another site that resolves its own name to this machine is refused by its host, one
    that sends a form or a script's request here by its origin. HEAD is answered as GET is, and a
    path with a slash behind it as without.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{uuid.uuid4().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        REQUEST_ID.set(request_id)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-request-id", request_id.encode()), *HEADERS]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        refusal = _refusal(scope["method"], dict(scope["headers"]))
        if refusal is None:
            await self._app(_plain(scope), _Body(receive).receive, send_named)
            return
        status, said, code = refusal
        body = envelope(status, said, code=code, param=None)
        await JSONResponse(body, status, headers=CLOSE)(scope, receive, send_named)


class _Body:
    """The body of one request, counted and timed while it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self._complete = False
        self._deadline = asyncio.get_running_loop().time() + BODY_WITHIN_S

    async def receive(self) -> Message:
        """The next message. Raises 413 and 408."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, TOO_SLOW, headers=CLOSE) from error
        self._complete = not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        if self._received > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LARGE, headers=CLOSE)
        return message


def _plain(scope: Scope) -> Scope:
    """The request that routes know; the server leaves the body of a reply to HEAD out itself."""
    path = scope["path"]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "method": method, "path": path.removesuffix("/") or "/"}


def _is_foreign(headers: dict[bytes, bytes]) -> bool:
    """True for a request that a page of another site has made."""
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if site == b"cross-site":
        return True
    if site in OWN_SITE or origin is None:
        return False
    return origin.partition(b"://")[2] != headers.get(b"host")


def _refusal(method: str, headers: dict[bytes, bytes]) -> tuple[int, str, str] | None:
    if not LOCAL_HOST.fullmatch(headers.get(b"host", b"")):
        return 400, "the Host header names no local address", "foreign_host"
    if method not in SAFE_METHODS and _is_foreign(headers):
        return 403, "requests from pages of other sites are not accepted", HTTP_CODES[403]
    if headers.get(b"content-encoding", b"identity") != b"identity":
        return 415, "encoded bodies are not accepted", HTTP_CODES[415]
    if _declared(headers) > MAX_BODY_BYTES:
        return 413, TOO_LARGE, HTTP_CODES[413]
    return None


def _declared(headers: dict[bytes, bytes]) -> int:
    raw = headers.get(b"content-length", b"0")
    return int(raw[:20]) if raw.isdigit() else 0
