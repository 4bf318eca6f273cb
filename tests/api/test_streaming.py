"""A stream keeps its connection alive, and the model's work ends when the client goes."""

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.replies import streaming
from tests.api.conftest import wait_until_ready
from tests.api.slow_chat import SlowChatModel
from tests.serving import serving_small_corpus

pytestmark = pytest.mark.slow

QUESTION = "How many passengers does the Heron carry?"
CHAT = {"model": "small", "messages": [{"role": "user", "content": QUESTION}]}
ANSWER = {"corpus": "small", "question": QUESTION}


def send_request(address: str, path: str, body: dict[str, object]) -> socket.socket:
    """A connection on which `body` was posted and nothing read yet."""
    content = json.dumps(body).encode()
    port = urlsplit(address).port
    assert port
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
    connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + content)
    return connection


@pytest.mark.parametrize("first_s", [0.0, 30.0], ids=["while it writes", "before its first word"])
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "plain"])
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/chat/completions", CHAT), ("/v1/answers", ANSWER)]
)
def test_the_model_stops_within_a_second_when_the_client_goes(
    tmp_path: Path, path: str, body: dict[str, object], *, stream: bool, first_s: float
) -> None:
    chat = SlowChatModel(first_s=first_s)
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with send_request(address, path, body | {"stream": stream}) as connection:
            assert chat.started.wait(5)
            if stream and not first_s:
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert chat.stopped.wait(1)


def test_a_quiet_stream_is_kept_alive_before_the_first_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "KEEPALIVE_S", 0.1)
    chat = SlowChatModel(first_s=30)
    body = CHAT | {"stream": True}
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        with httpx.stream("POST", f"{address}/v1/chat/completions", json=body) as reply:
            lines = reply.iter_lines()
            received = [next(lines) for _ in range(6)]
    assert json.loads(received[0].removeprefix("data: "))["choices"][0]["delta"]["role"]
    assert received[1:] == ["", ": keepalive", "", ": keepalive", ""]


def test_an_error_before_the_first_word_has_its_own_status(tmp_path: Path) -> None:
    with serving_small_corpus(tmp_path) as address:
        wait_until_ready(address)
        body = CHAT | {"stream": True, "model": "absent"}
        reply = httpx.post(f"{address}/v1/chat/completions", json=body)
    assert reply.status_code == 404
    assert reply.json()["error"]["param"] == "model"
