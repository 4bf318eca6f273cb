"""Footnotes and doubts on the page: from the server's spans and indexes, never found again."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rag.adapters.chat.scripted import ScriptedChatModel
from tests.api.conftest import wait_until_ready
from tests.browser.conftest import ask
from tests.serving import serving_small_corpus

pytestmark = pytest.mark.slow

QUESTION = "How many passengers does the Heron carry?"
SAID = """👩‍✈️ The **Heron** carries 120 passengers. [1] The Heron carries 130 passengers. [1]

Details:

- The harbour master keeps goats in codes[7]
- The Heron carries 18 cars [1]

| Ship | Passengers |
|---|---|
| Heron | 120 [1] |
"""


def test_doubtful_sentences_are_told_in_words_behind_them(page: Page, tmp_path: Path) -> None:
    with serving_small_corpus(tmp_path, chat_model=ScriptedChatModel([SAID])) as address:
        wait_until_ready(address)
        page.goto(address)
        with page.expect_response("**/v1/answers") as replied:
            ask(page, QUESTION)
        expect(page.locator(".answer.partial")).to_be_visible()
        answer = json.loads(replied.value.text().rsplit("data: ", 1)[1])
        doubtful = [s for s in answer["sentences"] if s["verdict"] in ("differs", "unsupported")]
        assert [s["verdict"] for s in doubtful] == ["differs", "unsupported"]
        marked = page.locator(".answer .unsupported")
        assert [_plain(text) for text in marked.all_inner_texts()] == [
            "The Heron carries 130 passengers. 1",
            "The harbour master keeps goats in codes[7]",
        ]
        assert page.locator(".answer .text .tag").all_inner_texts() == [
            "differs: the source does not say 130",
            "no source: no passage says this",
        ]
        text = page.locator(".answer .text")
        expect(text).to_contain_text("👩‍✈️ The Heron carries 120 passengers. 1")
        assert text.locator("a.mark").count() == 4
        text.locator("a.mark").last.click()
        expect(page.locator("#source mark")).to_have_text(answer["citations"][0]["quote"])


def _plain(text: str) -> str:
    return " ".join(text.split())


def made_up_answer() -> dict[str, Any]:
    """An answer whose marks and sentences only its spans can tell: the same words come twice."""
    text = "😀 [1] is no mark. The fare is 5 [1]. The fare is 5 [2]."
    first, second = text.index("The fare"), text.rindex("The fare")
    marks = [
        {"start": at, "end": at + 3, "citation": citation}
        for at, citation in ((text.rindex("[1]"), 0), (text.index("[2]"), 1))
    ]
    document = {"id": "boats-md", "version": "v", "source": "boats.md", "title": "Boats"}
    ages: tuple[dict[str, str | None], ...] = (
        {"date": None, "valid_from": None, "superseded_by": None},
        {"date": "2024-05-01", "valid_from": "2023-03-01", "superseded_by": "dogs-md"},
    )
    citations: list[dict[str, Any]] = [
        {
            "number": number,
            "quote": f"quote {number}",
            "document": {**document, **age},
            "release": 1,
            "page": None,
            "heading": [],
            "span": {"start": 9 * number, "end": 9 * number + 4},
        }
        for number, age in enumerate(ages, 1)
    ]
    spans = [(0, first - 1, "not_checked"), (first, second - 1, "supported")]
    spans.append((second, len(text), "differs"))
    sentences = [
        {"start": start, "end": end, "verdict": verdict, "reasons": [], "citations": []}
        for start, end, verdict in spans
    ]
    return {
        "text": text,
        "status": "partial",
        "confidence": 0.5,
        "corpus": "small",
        "release": 1,
        "generator": "x",
        "degraded": False,
        "finish_reason": "stop",
        "citations": citations,
        "sentences": sentences,
        "marks": marks,
    }


def test_spans_and_indexes_decide_and_not_the_words(page: Page, address: str) -> None:
    event = f"event: answer\ndata: {json.dumps(made_up_answer())}\n\n"
    page.route(
        "**/v1/answers",
        lambda route: route.fulfill(content_type="text/event-stream", body=event),
    )
    page.goto(address)
    ask(page, QUESTION)
    marks = page.locator(".answer .text a.mark")
    expect(marks).to_have_count(2)
    assert [mark.get_attribute("href") for mark in marks.all()] == [
        "/documents/boats-md?corpus=small&release=1&start=9&end=13",
        "/documents/boats-md?corpus=small&release=1&start=18&end=22",
    ]
    expect(page.locator(".answer .text")).to_contain_text("😀 [1] is no mark.")
    assert page.locator(".answer .unsupported").all_inner_texts() == ["The fare is 5 2."]
    cards = page.locator(".answer .card")
    expect(cards.last).to_contain_text("2023-03-01")
    expect(cards.last).to_contain_text("a newer version exists")
    expect(cards.first).not_to_contain_text("newer")
