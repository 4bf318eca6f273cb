"""Filters over HTTP, and a reader that no body can choose."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from rag.domain import PUBLIC
from rag.plumbline import Plumbline
from rag.settings import Settings, load_settings
from tests.api.conftest import wait_until_ready
from tests.serving import serving
from tests.small_corpus import About, make_plumbline

ABOUT: dict[str, About] = {
    "leave.md": ({"team": "hr"}, ("hr",)),
    "boats.md": ({"team": "fleet", "built": 2011}, (PUBLIC,)),
    "dogs.md": ({"team": "crew"}, (PUBLIC,)),
}
QUESTION = "parental leave on boats with dogs"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over documents with metadata, one of them for `hr` alone."""
    data = tmp_path_factory.mktemp("data")

    def open_small(_: Settings) -> Plumbline:
        return make_plumbline(data, about=ABOUT)

    with serving(load_settings({}, data=data), open_small) as address:
        wait_until_ready(address)
        with httpx.Client(base_url=address, timeout=10) as client:
            yield client


def search(http: httpx.Client, **body: Any) -> httpx.Response:
    return http.post("/v1/search", json={"query": QUESTION, "corpus": "small"} | body)


def sources(reply: httpx.Response) -> set[str]:
    assert reply.status_code == 200, reply.text
    return {hit["document"]["source"] for hit in reply.json()["data"]}


def test_a_filter_narrows_a_search(http: httpx.Client) -> None:
    assert sources(search(http)) == {"boats.md", "dogs.md"}
    assert sources(search(http, filters={"built": {"lt": 2020}})) == {"boats.md"}
    assert sources(search(http, filters={"source": "leave.md"})) == set()


def test_a_filter_narrows_answers_of_both_forms(http: httpx.Client) -> None:
    asked = {"question": "Do dogs travel free?", "corpus": "small"}
    assert http.post("/v1/answers", json=asked).json()["status"] == "answered"
    narrowed = http.post("/v1/answers", json=asked | {"filters": {"team": "fleet"}})
    assert narrowed.json()["status"] == "abstained"
    chat = {"model": "small", "messages": [{"role": "user", "content": asked["question"]}]}
    reply = http.post("/v1/chat/completions", json=chat | {"filters": {"team": "fleet"}})
    assert reply.json()["choices"][0]["message"]["citations"] == []


@pytest.mark.parametrize(
    "claim",
    [
        {"principals": ["hr"]},
        {"tenant": "hr"},
        {"scope": {"principals": ["hr"]}},
        {"user": "hr"},
        {"acl": ["hr"]},
    ],
)
def test_a_body_cannot_say_who_reads(http: httpx.Client, claim: dict[str, Any]) -> None:
    assert "leave.md" not in sources(search(http, **claim))
    assert http.get("/v1/documents/leave-md?corpus=small&principals=hr").status_code == 404


@pytest.mark.parametrize("header", ["x-principal", "x-forwarded-user", "x-user", "remote-user"])
def test_a_header_cannot_say_who_reads(http: httpx.Client, header: str) -> None:
    body = {"query": QUESTION, "corpus": "small"}
    assert "leave.md" not in sources(http.post("/v1/search", json=body, headers={header: "hr"}))


def _nested(depth: int) -> object:
    value: object = "hr"
    for _ in range(depth):
        value = {"any": [value]}
    return value


@pytest.mark.parametrize(
    "filters",
    [
        {"colour": "red"},
        {"principals": "hr"},
        {"access": "hr"},
        {"built": "2011"},
        {"$or": [{"team": "hr"}, {"team": "fleet"}]},
        {"team": {"$ne": "fleet"}},
        {"team": {"any": ["x"] * 10_000}},
        {"team": _nested(8)},
        [],
        "team",
    ],
)
@pytest.mark.parametrize("path", ["/v1/search", "/v1/answers", "/v1/chat/completions"])
def test_a_filter_that_cannot_be_meant_is_refused(
    http: httpx.Client, path: str, filters: object
) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    body = {"query": QUESTION, "corpus": "small", "model": "small", "filters": filters}
    body |= {"question": QUESTION} if path == "/v1/answers" else {"messages": messages}
    reply = http.post(path, json=body)
    assert reply.status_code == (400 if "chat" in path else 422), reply.text
    assert "filters" in (reply.json()["error"]["param"] or "")


def test_filters_nested_fifty_deep_are_refused(http: httpx.Client) -> None:
    reply = search(http, filters={"team": _nested(50)})
    assert reply.status_code in (400, 422)
    assert reply.json()["error"]["message"]


def test_an_explanation_follows_a_document(http: httpx.Client) -> None:
    asked = {"question": "Do dogs travel free?", "corpus": "small", "document": "boats.md"}
    body = http.post("/v1/explain", json=asked).json()
    assert body["object"] == "explanation"
    assert body["data"][0]["document"]["source"] == "dogs.md"
    assert body["data"][0]["places"]["lexical"]["rank"] == 1
    assert body["document"]["source"] == "boats.md"
    assert http.post("/v1/explain", json=asked | {"document": "leave.md"}).status_code == 404
    assert http.post("/v1/explain", json=asked | {"top_k": 0}).status_code == 422
    assert http.post("/v1/explain", json=asked | {"release": 9}).status_code == 404
