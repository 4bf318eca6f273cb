"""`POST /v1/check`: any text against given passages or a corpus, and what is refused."""

from typing import Any

import httpx
import pytest

PASSAGES = [
    {"id": "boats", "text": "The Heron carries 120 passengers.", "heading": ["Fleet", "Heron"]},
    {"text": "Dogs travel free of charge.", "title": "Dogs", "heading": "Pets"},
]


def check(http: httpx.Client, **body: Any) -> Any:
    return http.post("/v1/check", json=body)


def test_a_text_is_checked_against_its_passages(http: httpx.Client) -> None:
    text = "The Heron carries 130 passengers [boats]. Dogs travel free of charge. [2]"
    body = check(http, text=text, passages=PASSAGES).json()
    assert (body["object"], body["status"], body["checked_by"]) == ("check", "partial", "words")
    assert body["sentences"][0] == {
        "start": 0,
        "end": 41,
        "text": "The Heron carries 130 passengers [boats].",
        "verdict": "differs",
        "supported": False,
        "score": 0.75,
        "reasons": ["the source does not say 130"],
        "citations": [0],
    }
    assert body["citations"][1] == {
        "number": 2,
        "quote": "Dogs travel free of charge.",
        "passage": "2",
        "page": None,
        "heading": ["Pets"],
        "span": {"start": 0, "end": 27},
    }


def test_a_text_is_checked_against_a_corpus(http: httpx.Client) -> None:
    text = "The Heron carries 120 passengers and 18 cars."
    body = check(http, text=text, corpus="small", question="How many?").json()
    assert body["status"] == "supported"
    assert body["citations"][0]["document"]["source"] == "boats.md"
    assert body["citations"][0]["quote"] == text


@pytest.mark.parametrize(
    ("body", "status", "param", "says"),
    [
        ({"text": "x"}, 422, None, "give either"),
        ({"text": "x", "corpus": "small", "passages": PASSAGES}, 422, None, "give either"),
        ({"corpus": "small"}, 422, "text", "required"),
        ({"text": " ", "corpus": "small"}, 422, "text", "empty"),
        ({"text": "x" * 200_000, "corpus": "small"}, 422, "text", "in parts"),
        ({"text": "x" * 1_000_000, "corpus": "small"}, 413, None, "send less"),
        ({"text": "x", "passages": []}, 422, "passages", "at least one"),
        ({"text": "x", "passages": [{"text": "y"}] * 5000}, 422, "passages", "5,000"),
        ({"text": "x", "passages": PASSAGES[:1] * 2}, 422, "passages", "boats"),
        ({"text": "x", "passages": [{"id": "a"}]}, 422, "passages.0.text", "required"),
        ({"text": "x", "corpus": "absent"}, 404, "corpus", "no corpus"),
    ],
    ids=range(11),
)
def test_what_cannot_be_checked_is_one_clear_error(
    http: httpx.Client, body: dict[str, Any], status: int, param: str | None, says: str
) -> None:
    reply = http.post("/v1/check", json=body)
    error = reply.json()["error"]
    assert reply.status_code == status
    assert error["param"] == param
    assert says in error["message"]
