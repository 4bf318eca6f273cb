"""Limits that hold for every request, and failures that are ours."""

import io
import logging
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api import limits
from api.errors import advise
from api.logs import SafeFormatter
from rag.adapters.chat.scripted import ScriptedChatModel
from rag.errors import ChatModelTruncated, ChatModelUnavailable, RagError, ReleaseBroken
from rag.plumbline import Plumbline
from rag.settings import Settings, load_settings
from tests.api.conftest import wait_until_ready
from tests.serving import serving, serving_small_corpus
from tests.small_corpus import make_plumbline


def send_raw(address: str, request: bytes) -> bytes:
    """The first piece of the reply to `request`, sent as it is."""
    port = urlsplit(address).port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


def test_a_body_that_does_not_come_is_given_up(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_WITHIN_S", 0.2)
    head = b"POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    reply = send_raw(address, head + b"Content-Length: 50\r\n\r\n{")
    assert b" 408 " in reply.split(b"\r\n")[0]
    assert b'"code":"body_too_slow"' in reply


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost:80@evil.example", 400),
        ("", 400),
    ],
)
def test_only_local_hosts_are_served(address: str, host: str, status: int) -> None:
    reply = send_raw(address, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert f" {status} ".encode() in reply.split(b"\r\n")[0]


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/corpora", "/static/page.css", "/nope"])
def test_every_reply_forbids_foreign_content(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_a_bug_is_an_envelope_with_an_id_that_the_log_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_small(_: Settings) -> Plumbline:
        return make_plumbline(tmp_path)

    def fail(_: Plumbline, corpus: str) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(Plumbline, "documents", fail)
    with serving(load_settings({}, data=tmp_path), open_small) as address:
        httpx.get(f"{address}/healthz")
        while httpx.get(f"{address}/readyz").status_code != 200:
            pass
        reply = httpx.get(f"{address}/v1/documents?corpus=small")
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal_error")
    assert "secret" not in reply.text
    assert reply.headers["x-request-id"] in reply.text
    assert reply.headers["x-request-id"] in caplog.text


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"origin": "http://localhost:8000"}, False),
        ({"origin": "https://docs.example.org", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "http://localhost:3000"}, True),
        ({"origin": "http://localhost:3000", "sec-fetch-site": "same-site"}, True),
        ({"origin": "null"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"origin": "http://localhost:8000", "sec-fetch-site": "cross-site"}, True),
    ],
)
def test_a_page_of_another_site_cannot_post(
    http: httpx.Client, headers: dict[str, str], is_refused: bool
) -> None:
    body = {"query": "Heron", "corpus": "small"}
    reply = http.post("/v1/search", json=body, headers={"host": "localhost:8000"} | headers)
    assert reply.status_code == (403 if is_refused else 200)
    if is_refused:
        assert reply.json()["error"]["code"] == "foreign_origin"
    assert http.get("/", headers=headers).status_code == 200


def test_a_log_line_of_a_request_carries_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ScriptedChatModel([ChatModelUnavailable("down")])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter())
    monkeypatch.setattr(logging.getLogger("rag.answering.answerer"), "handlers", [handler])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        body = {"corpus": "small", "question": "How many passengers does the Heron carry?"}
        id_ = httpx.post(f"{address}/v1/answers", json=body).headers["x-request-id"]
    assert stream.getvalue().startswith(f"{id_} WARNING rag.answering.answerer: answering without")


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (ChatModelTruncated("cut"), "x-should-retry", "false"),
        (ChatModelUnavailable("down", retry_after_s=300.0), "retry-after", "300"),
        (ChatModelUnavailable("down"), "retry-after", "5"),
        (ReleaseBroken("damaged"), "retry-after", None),
    ],
)
def test_an_error_says_whether_to_ask_again(error: RagError, header: str, value: str) -> None:
    assert advise(error).get(header) == value
