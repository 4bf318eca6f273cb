"""A real HTTP server on loopback that speaks OpenAI's protocols, with faults to order."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rag.adapters.memory.release import HashingEmbedder

Rows = list[dict[str, Any]]
COMMENT_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: pieces streamed as deltas, other deltas, vectors, a status or a fault.

    `change` is applied to the honest vectors; texts longer than `longest_text` are refused.
    """

    pieces: Sequence[str] = ()
    deltas: Sequence[dict[str, Any]] = ()
    finish_reason: str | None = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "text/event-stream"
    stall_s: float = 0.0
    comments: int = 0
    error_code: str | None = None
    message: str = ""
    is_reset: bool = False
    change: Callable[[Rows], Rows] = list
    longest_text: int = 1_000_000


class OpenAIServer:
    """Gives prepared replies in turn, the last one again and again, and keeps what it was asked."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.disconnects = 0
        self._replies = list(replies)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                asked = json.loads(body)
                server.requests.append(asked)
                try:
                    if self.path.endswith("/embeddings"):
                        _embed(self, server._next(), asked["input"])
                    else:
                        _send(self, server._next())
                except (BrokenPipeError, ConnectionResetError):
                    server.disconnects += 1

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def _next(self) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


@contextmanager
def openai_server(*replies: Reply) -> Iterator[OpenAIServer]:
    """A running server with these replies."""
    server = OpenAIServer(replies)
    with running(server.http):
        yield server


@contextmanager
def running(http: ThreadingHTTPServer) -> Iterator[None]:
    """Serve in a thread until the block ends."""
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()


def _embed(handler: BaseHTTPRequestHandler, reply: Reply, texts: list[str]) -> None:
    if reply.is_reset:
        _reset(handler)
        return
    if any(len(text) > reply.longest_text for text in texts):
        reply = Reply(status=400, message="This model's maximum context length is 8192 tokens")
    if reply.status != 200:
        _send(handler, reply)
        return
    vectors = HashingEmbedder().embed_documents(texts).tolist()
    rows = [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 3 * len(texts), "total_tokens": 3 * len(texts)}
    body = json.dumps({"object": "list", "data": reply.change(rows), "usage": usage}).encode()
    handler.send_response(200)
    for name, value in (reply.headers | {"content-type": "application/json"}).items():
        handler.send_header(name, value)
    handler.end_headers()
    sent = body if reply.raw is None else reply.raw
    step = 1 if reply.stall_s else len(sent)
    for start in range(0, len(sent), step):
        handler.wfile.write(sent[start : start + step])
        time.sleep(reply.stall_s)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off without an answer, by RST."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.rfile.close()
    handler.connection.close()


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.status != 200:
        message = reply.message or f"fault {reply.status}"
        error = {"message": message, "type": "fault", "code": reply.error_code}
        body = json.dumps({"error": error}).encode()
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return
    handler.send_header("content-type", reply.content_type)
    handler.end_headers()
    for _ in range(reply.comments):
        handler.wfile.write(b": ping\n\n")
        handler.wfile.flush()
        time.sleep(COMMENT_EVERY_S)
    if reply.raw is not None:
        handler.wfile.write(reply.raw)
        return
    said = [{"content": piece, "role": "assistant"} for piece in reply.pieces]
    for place, delta in enumerate([*said, *reply.deltas]):
        if reply.stall_s and place:
            time.sleep(reply.stall_s)
        _event(handler, delta, None)
    if reply.finish_reason is None:
        return
    _event(handler, {}, reply.finish_reason)
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    _write(handler, {**_CHUNK, "choices": [], "usage": usage})
    handler.wfile.write(b"data: [DONE]\n\n")


_CHUNK: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "fake",
}


def _event(handler: BaseHTTPRequestHandler, delta: dict[str, Any], finish: str | None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    _write(handler, {**_CHUNK, "choices": [choice]})


def _write(handler: BaseHTTPRequestHandler, chunk: dict[str, Any]) -> None:
    handler.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    handler.wfile.flush()
