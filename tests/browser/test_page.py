"""The page in a real browser: ask, watch the answer, open a quote in its document."""

import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.errors import ChatModelTruncated
from rag.plumbline import Plumbline
from rag.settings import Settings, load_settings
from tests.api.conftest import wait_until_ready
from tests.api.slow_chat import SlowChatModel
from tests.browser.conftest import ask
from tests.serving import serving, serving_small_corpus
from tests.small_corpus import make_plumbline

pytestmark = pytest.mark.slow

QUOTE = "The Heron carries 120 passengers and 18 cars."


def test_a_quote_is_seen_in_its_document(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "How many passengers does the Heron carry?")
    answer = page.locator(".answer.answered")
    expect(answer.locator(".text")).to_contain_text(QUOTE)
    answer.locator(".card").first.click()
    mark = page.locator("#source mark")
    expect(mark).to_be_in_viewport()
    assert mark.inner_text() == QUOTE
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    answer.locator("a.mark").first.click()
    expect(page.locator("#source")).to_be_visible()


def test_a_follow_up_sends_the_conversation(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "How many passengers does the Tern carry?")
    expect(page.locator(".answer.answered")).to_have_count(1)
    ask(page, "And the Heron?")
    expect(page.locator(".answer.answered")).to_have_count(2)
    expect(page.locator(".answer .text").last).to_contain_text("120 passengers")


def test_an_abstention_looks_different(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Which quark did the collider see in a ferry?")
    answer = page.locator(".answer.abstained")
    expect(answer.locator(".verdict")).to_have_text("No answer found")
    expect(answer.locator(".text")).to_contain_text("do not seem to hold")
    expect(answer.locator("a.mark")).to_have_count(0)
    nearest = answer.get_by_label("Closest passages").locator(".card")
    nearest.first.click()
    shown = nearest.first.locator("q").text_content()
    assert page.locator("#source mark").text_content() == shown


def test_an_answer_can_be_stopped(page: Page, tmp_path: Path) -> None:
    chat = SlowChatModel()
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        page.goto(address)
        ask(page, "How many passengers does the Heron carry?")
        expect(page.locator(".answer .text")).to_contain_text("word3")
        page.get_by_role("button", name="Stop").click()
        assert chat.stopped.wait(1)
        expect(page.locator(".answer.failed .note")).to_have_text("Stopped.")
        expect(page.get_by_role("button", name="Ask")).to_be_visible()


def test_a_new_conversation_forgets_the_old_one(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "How many passengers does the Tern carry?")
    page.locator(".answer.answered .card").first.click()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator("#source")).to_be_hidden()
    with page.expect_request("**/v1/answers") as sent:
        ask(page, "How many passengers does the Heron carry?")
    body = sent.value.post_data_json
    assert body
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_the_page_comes_to_life_when_the_models_are_loaded(page: Page, tmp_path: Path) -> None:
    may_open = threading.Event()

    def open_slowly(_: Settings) -> Plumbline:
        assert may_open.wait(10)
        return make_plumbline(tmp_path)

    with serving(load_settings({}, data=tmp_path), open_slowly) as address:
        page.goto(address)
        expect(page.get_by_role("heading")).to_have_text("Getting ready")
        expect(page.get_by_label("Question")).to_be_disabled()
        may_open.set()
        expect(page.get_by_role("heading")).to_have_text("Ask the documents")
        expect(page.get_by_label("Question")).to_be_enabled()


def test_an_error_is_text_on_the_page(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "é" * 8000)
    expect(page.locator(".answer.failed .note")).to_contain_text("16000 bytes")
    ask(page, "How many passengers does the Heron carry?")
    expect(page.locator(".answer.answered")).to_have_count(1)


def test_the_models_text_is_never_markup(page: Page, tmp_path: Path) -> None:
    evil = 'It is 5 < 6 <img src=x onerror="document.title=1"> ![x](http://canary.example/) [1].'
    chat = ScriptedChatModel([evil])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        page.goto(address)
        ask(page, "How many passengers does the Heron carry?")
        expect(page.locator(".answer.partial .text")).to_contain_text("It is 5 < 6")
        assert page.locator(".answer img").count() == 0
        expect(page.locator(".answer .unsupported").first).to_be_visible()


def test_an_answer_that_breaks_off_says_so(page: Page, tmp_path: Path) -> None:
    chat = ScriptedChatModel(["The Heron ", ChatModelTruncated("The provider went away.")])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        page.goto(address)
        ask(page, "How many passengers does the Heron carry?")
        expect(page.locator(".answer.failed .note")).to_have_text("The provider went away.")
        expect(page.locator(".answer.failed .text")).to_have_text("The Heron")


@pytest.mark.parametrize("path", ["/", "/docs", "/documents/boats-md?corpus=small&start=0&end=9"])
def test_it_fits_a_narrow_screen(page: Page, address: str, path: str) -> None:
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto(address + path)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 380
