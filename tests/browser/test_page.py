"""The page in a real browser: ask, watch the answer, open a quote in its document."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from rag.adapters.memory import ScriptedChatModel
from rag.errors import ChatModelTruncated
from tests.api.conftest import wait_until_ready
from tests.serving import serving_small_corpus

pytestmark = pytest.mark.browser

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]
QUOTE = "The Heron carries 120 passengers and 18 cars."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "the browser tests need chromium: apt-get install -y chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that fails its test on any script error or request that leaves the service."""
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if _is_problem(line) else None)
    page.on(
        "request",
        lambda request: problems.append(request.url) if "127.0.0.1" not in request.url else None,
    )
    yield page
    context.close()
    assert problems == []


def _is_problem(line: ConsoleMessage) -> bool:
    return line.type == "error" and not line.text.startswith("Failed to load resource")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_small_corpus(tmp_path_factory.mktemp("data")) as address:
        wait_until_ready(address)
        yield address


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.get_by_label("Question").press("Enter")


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
    ask(page, "Which quark did the collider see first?")
    expect(page.locator(".answer.abstained .text")).to_contain_text("do not seem to hold")


def test_an_error_is_text_on_the_page(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "é" * 8000)
    expect(page.locator(".answer.failed .note")).to_contain_text("16000 bytes")
    ask(page, "How many passengers does the Heron carry?")
    expect(page.locator(".answer.answered")).to_have_count(1)


def test_the_models_text_is_never_markup(page: Page, tmp_path: Path) -> None:
    evil = '<img src=x onerror="document.title=1"> ![x](http://canary.example/?q=1) [1].'
    chat = ScriptedChatModel([evil])
    with serving_small_corpus(tmp_path, chat_model=chat) as address:
        wait_until_ready(address)
        page.goto(address)
        ask(page, "How many passengers does the Heron carry?")
        expect(page.locator(".answer.partial .text")).to_contain_text("<img src=x")
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


def test_it_fits_a_narrow_screen_and_has_no_corpus_yet(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto(address)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 380
