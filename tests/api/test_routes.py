"""The native routes and what bad input gets."""

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.errors import ChatModelTruncated
from tests.api.conftest import wait_until_ready
from tests.serving import serving_small_corpus
from tests.small_corpus import TEXTS, make_data_folder

JSON = {"content-type": "application/json"}
ASK = {"question": "How many passengers does the Heron carry?", "corpus": "small"}


def read_events(text: str) -> list[tuple[str, dict[str, object]]]:
    """Names and data of server-sent events."""
    events = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((lines["event"], json.loads(lines["data"])))
    return events


def test_a_search_has_the_documented_form(http: httpx.Client) -> None:
    body = http.post("/v1/search", json={"query": "dogs", "corpus": "small", "top_k": 2}).json()
    assert (body["object"], body["corpus"], body["release"]) == ("list", "small", 1)
    [first, *_] = body["data"]
    assert first["rank"] == 1
    assert set(first) == {
        *("rank", "score", "scores", "chunk_id", "text", "span", "page", "heading", "document"),
    }
    assert set(first["document"]) == {
        *("id", "version", "source", "title", "date", "valid_from", "valid_to", "superseded_by"),
    }
    text = TEXTS[first["document"]["source"]]
    assert text[first["span"]["start"] : first["span"]["end"]] == first["text"]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_search_takes_its_mode(http: httpx.Client, mode: str) -> None:
    body = http.post("/v1/search", json={"query": "dogs", "corpus": "small", "mode": mode}).json()
    assert body["mode"] == mode
    assert body["data"][0]["document"]["source"] == "dogs.md"


def test_an_answer_has_the_documented_form(http: httpx.Client) -> None:
    answer = http.post("/v1/answers", json=ASK).json()
    assert answer["status"] == "answered"
    assert answer["generator"] == "extractive"
    [sentence, *_] = answer["sentences"]
    assert (sentence["verdict"], sentence["citations"]) == ("supported", [0])
    assert answer["text"][sentence["start"] : sentence["end"]] == sentence["text"]
    assert answer["fingerprint"]["release"] == "small@1"
    assert {"id", "trace_id", "usage", "timings_ms", "confidence"} <= set(answer)


def test_an_abstention_names_what_is_nearest(http: httpx.Client) -> None:
    ask = {"question": "Which quark did the collider see in a ferry?", "corpus": "small"}
    answer = http.post("/v1/answers", json=ask).json()
    assert answer["status"] == "abstained"
    assert answer["citations"] == []
    assert len(answer["nearest"]) <= 3


def test_a_stream_is_deltas_and_one_answer(http: httpx.Client) -> None:
    reply = http.post("/v1/answers", json=ASK | {"stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-accel-buffering"] == "no"
    *deltas, (last, answer) = read_events(reply.text)
    assert {name for name, _ in deltas} == {"delta"}
    assert last == "answer"
    assert "".join(str(data["text"]) for _, data in deltas) == answer["text"]


def test_a_stream_that_breaks_off_ends_with_one_error(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["The Heron ", ChatModelTruncated("the provider went away")])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        reply = httpx.post(f"{address}/v1/answers", json=ASK | {"stream": True})
    assert [name for name, _ in read_events(reply.text)] == ["delta", "error"]
    error = read_events(reply.text)[-1][1]["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["text"]) == ("upstream_truncated", "The Heron ")


def test_documents_are_listed_and_read(http: httpx.Client) -> None:
    listed = http.get("/v1/documents", params={"corpus": "small"}).json()
    assert [d["source"] for d in listed["data"]] == sorted(TEXTS)
    id_ = listed["data"][0]["id"]
    assert http.get(f"/v1/documents/{id_}", params={"corpus": "small"}).json()["characters"] > 0
    text = http.get(f"/v1/documents/{id_}/text", params={"corpus": "small"}).text
    assert text == TEXTS["boats.md"]


def test_a_document_is_shown_with_its_quote_marked(http: httpx.Client) -> None:
    query: dict[str, str | int] = {"corpus": "small", "start": 0, "end": 9}
    reply = http.get("/documents/boats-md", params=query)
    assert '<mark id="quote" tabindex="-1">The Heron</mark>' in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_corpora_are_listed(http: httpx.Client) -> None:
    [corpus] = http.get("/v1/corpora").json()["data"]
    assert (corpus["id"], corpus["release"], corpus["documents"]) == ("small", 1, 3)
    assert http.get("/v1/corpora/small").json() == corpus


def test_health_readiness_version_and_the_page(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "alive"}
    assert http.get("/readyz").json()["parts"] == {
        "models": "ok",
        "releases": "ok",
        "corpus small": "ok",
    }
    assert http.get("/version").json()["version"]
    page = http.get("/")
    assert "Ask the documents" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert http.get("/openapi.json").json()["info"]["title"] == "Plumbline"


def test_a_new_release_is_served_without_a_restart(tmp_path: Path) -> None:
    with serving_small_corpus(tmp_path) as address:
        wait_until_ready(address)
        make_data_folder(tmp_path, live=2)
        assert httpx.get(f"{address}/readyz").status_code == 503
        wait_until_ready(address)
        assert httpx.post(f"{address}/v1/answers", json=ASK).json()["release"] == 2


def assert_envelope(reply: httpx.Response, status: int, code: str | None = None) -> None:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert "\n" not in error["message"]
    assert reply.headers["x-request-id"].startswith("req_")
    if code:
        assert error["code"] == code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"corpus": "small"}, 422, None),
        ({"question": "x"}, 422, "missing"),
        ({"question": "", "corpus": "small"}, 422, "invalid_question"),
        ({"question": " \n\t", "corpus": "small"}, 422, "invalid_question"),
        ({"question": "x" * 100_000, "corpus": "small"}, 422, "invalid_question"),
        ({"question": "x", "corpus": "absent"}, 404, "corpus_not_found"),
        ({"question": "x", "corpus": "../../etc"}, 404, "corpus_not_found"),
        ({"question": "x", "corpus": "small", "filters": {"tenant": "b"}}, 422, None),
        ({"question": 5, "corpus": "small"}, 422, None),
        ({"question": "x", "messages": [], "corpus": "small"}, 422, None),
        ([], 422, None),
    ],
)
def test_bad_answers_bodies_get_one_envelope(
    http: httpx.Client, body: object, status: int, code: str | None
) -> None:
    assert_envelope(http.post("/v1/answers", json=body), status, code)


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"",
        b"\xff\xfe{}",
        b'{"question": "x", "corpus": "small"',
        b"[" * 5000 + b"]" * 5000,
        b'{"question": "\\ud800", "corpus": "small"}',
        b'{"question": NaN, "corpus": "small"}',
        b'{"question": 1e400, "corpus": "small"}',
    ],
)
def test_what_is_no_question_in_json_is_refused(http: httpx.Client, raw: bytes) -> None:
    reply = http.post("/v1/answers", content=raw, headers=JSON)
    assert reply.status_code in (400, 422)
    assert_envelope(reply, reply.status_code)


@pytest.mark.parametrize("top_k", [0, -1, 10**9, "5", 2.5])
def test_a_top_k_that_cannot_be_is_refused(http: httpx.Client, top_k: object) -> None:
    body = {"query": "x", "corpus": "small", "top_k": top_k}
    assert_envelope(http.post("/v1/search", json=body), 422)


@pytest.mark.parametrize("query", ["?", "title:x", '"', "犬は無料ですか", "✈️" * 50, "\0a"])
def test_strange_questions_are_answered_or_refused_never_failed(
    http: httpx.Client, query: str
) -> None:
    assert http.post("/v1/search", json={"query": query, "corpus": "small"}).status_code == 200


def test_bodies_are_counted_while_they_arrive(http: httpx.Client) -> None:
    pieces = (b"x" * 65_536 for _ in range(64))
    assert_envelope(http.post("/v1/answers", content=pieces, headers=JSON), 413)


def test_a_declared_size_is_refused_before_it_arrives(address: str) -> None:
    port = urlsplit(address).port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(
            b"POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
        )
        assert b" 413 " in connection.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nope", {}, 404),
        ("PUT", "/v1/search", {}, 405),
        ("GET", "/v1/documents", {}, 422),
        ("GET", "/v1/documents/absent?corpus=small", {}, 404),
        ("GET", "/v1/documents/..%2f..%2fetc?corpus=small", {}, 404),
        ("GET", "/v1/documents/%00?corpus=small", {}, 404),
        ("GET", "/v1/documents/boats-md/text?corpus=small&release=99", {}, 404),
        ("GET", "/documents/absent?corpus=small", {}, 404),
        ("GET", "/v1/corpora/absent", {}, 404),
        ("GET", "/static/..%2fmain.py", {}, 404),
        ("GET", "/", {"host": "evil.example"}, 400),
        ("POST", "/v1/answers", {"content-encoding": "gzip"}, 415),
        ("POST", "/v1/answers", {"content-type": "text/plain"}, 415),
        ("POST", "/v1/answers", {}, 415),
        ("GET", "/v1/documents?corpus=small&limit=0", {}, 422),
        ("GET", "/v1/documents?corpus=small&after=absent", {}, 404),
    ],
)
def test_other_bad_requests_get_an_envelope(
    http: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert_envelope(http.request(method, path, headers=headers), status)


def test_another_origin_is_not_allowed(http: httpx.Client) -> None:
    reply = http.options(
        "/v1/answers",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("GET", "/v1/documents?corpus=small&after=absent", None, "after"),
        ("GET", "/v1/documents/absent?corpus=small", None, "document_id"),
        ("POST", "/v1/explain", ASK | {"document": "absent"}, "document"),
    ],
)
def test_a_document_that_is_not_there_is_named_by_its_parameter(
    http: httpx.Client, method: str, path: str, body: dict[str, str] | None, param: str
) -> None:
    reply = http.request(method, path, json=body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, param)


@pytest.mark.parametrize("path", ["/", "/healthz", "/version", "/v1/models", "/static/page.css"])
def test_head_is_get_without_its_body(http: httpx.Client, path: str) -> None:
    head, got = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_a_route_without_get_has_no_head_either(http: httpx.Client) -> None:
    assert http.head("/v1/search").status_code == 405


def test_a_slash_behind_a_path_makes_no_difference(http: httpx.Client) -> None:
    assert http.get("/v1/models/").json() == http.get("/v1/models").json()
    assert http.post("/v1/answers/", json=ASK).json()["status"] == "answered"
    assert http.get("/nope/").status_code == 404


def test_an_explanation_takes_null_for_what_is_left_out(http: httpx.Client) -> None:
    left_out = http.post("/v1/explain", json=ASK).json()
    assert http.post("/v1/explain", json=ASK | {"top_k": None}).json() == left_out


def test_of_a_long_conversation_the_end_is_read(http: httpx.Client) -> None:
    old = [{"role": "user", "content": "x" * 600}, {"role": "assistant", "content": "y"}] * 150
    asked = {"role": "user", "content": ASK["question"]}
    reply = http.post("/v1/answers", json={"corpus": "small", "messages": [*old, asked]})
    assert reply.json()["standalone_question"] == ASK["question"]
