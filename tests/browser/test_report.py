"""The HTML of an evaluation, opened from its file."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from evals.reports.rendering import write_report
from evals.running import Run, evaluate
from evals.samples.sample import RegressionSet
from tests.evals.test_rendering import not_right
from tests.evals.test_running import SAMPLES
from tests.small_corpus import make_plumbline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was worse than the one before."""
    out = tmp_path_factory.mktemp("reports")
    plumbline = make_plumbline(tmp_path_factory.mktemp("data"))
    asked = RegressionSet("s.jsonl", "0" * 64, SAMPLES)
    with ThreadPoolExecutor() as beside:  # the browser has an event loop in this thread
        report = beside.submit(asyncio.run, evaluate(Run(asked, "small"), plumbline)).result()
    write_report(replace(report, created="2026-11-20T02:00:00+00:00"), out)
    return write_report(not_right(report), out)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any line of the console, or request that is not for a file."""
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text))
    page.on("request", lambda sent: None if "file:" in sent.url else problems.append(sent.url))
    yield page
    context.close()
    assert problems == []


def test_the_first_screen_decides_and_leads_to_the_question(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto((folder / "report.html").as_uri())
    heading = page.get_by_role("heading", name="What changed")
    box = heading.bounding_box()
    assert box
    assert box["y"] < 900
    page.locator(".why a").first.click()
    assert page.locator("#boats").is_visible()
    assert page.locator("#boats").get_by_text("Answer before").is_visible()
    assert not page.locator("#leave").is_visible()


def test_questions_are_filtered_without_a_script(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    assert page.locator(".q:visible").count() == len(SAMPLES)
    page.get_by_label("not right").check()
    assert page.locator(".q:visible").count() == 2
    page.get_by_label("close-miss", exact=True).check()
    assert page.locator(".q:visible").count() == 1
    assert page.locator(".group:visible").count() == 1


def test_a_point_of_a_plot_tells_its_run(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    label = page.locator(".trends text").first
    assert not label.is_visible()
    page.locator(".trends .point").first.focus()
    assert label.is_visible()
    assert "2026-11-20 02:00, small@1" in (label.text_content() or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "../index.html"])
def test_a_page_fits_a_narrow_window(
    browser: Browser, folder: Path, name: str, scheme: str
) -> None:
    viewport = {"width": 360, "height": 800}
    page = browser.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]  # a str of its Literal
    page.goto((folder / name).resolve().as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
