"""Limits that hold for every request, and failures that are ours."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api import limits
from rag.plumbline import Plumbline
from rag.settings import Settings, load_settings
from tests.serving import serving
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
