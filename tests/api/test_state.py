"""The service while it loads, when it cannot, and while releases change under it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api import state
from rag.errors import EmbedderError, ReleaseBroken
from rag.plumbline import Plumbline
from rag.releases.folder import OpenRelease
from rag.releases.live import LiveCorpora
from rag.settings import Settings, load_settings
from tests.api.conftest import wait_until_ready
from tests.serving import serving
from tests.small_corpus import compose, make_data_folder, make_plumbline, make_release

pytestmark = pytest.mark.slow

ASK = {"question": "How many passengers does the Heron carry?", "corpus": "small"}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follows releases and tries again more often than it would."""
    monkeypatch.setattr(state, "REFRESH_S", 0.02)
    monkeypatch.setattr(state, "RETRY_S", 0.02)


def opening(opener: Callable[[Path], OpenRelease]) -> Callable[[Settings], Plumbline]:
    """What opens the small corpus, each release by `opener`."""

    def open_plumbline(settings: Settings) -> Plumbline:
        corpora = LiveCorpora(settings.data, opener)
        corpora.refresh()
        return compose(corpora, min_confidence=0.3)

    return open_plumbline


def unready_parts(address: str) -> dict[str, str]:
    """The parts of `/readyz`, which must say 503."""
    reply = httpx.get(f"{address}/readyz")
    assert reply.status_code == 503
    parts = reply.json()["parts"]
    assert isinstance(parts, dict)
    return parts


def wait_for_part(address: str, part: str, text: str) -> None:
    """Return when `/readyz` says `text` of `part`; fails after about five seconds."""
    for _ in range(200):
        parts = httpx.get(f"{address}/readyz").json()["parts"]
        if text in parts.get(part, ""):
            return
        time.sleep(0.025)
    raise AssertionError(f"{part} never said {text!r}: {parts}")


def test_it_is_alive_but_not_ready_while_it_loads(tmp_path: Path) -> None:
    may_open = threading.Event()

    def open_slowly(_: Settings) -> Plumbline:
        assert may_open.wait(10)
        return make_plumbline(tmp_path)

    with serving(load_settings({}, data=tmp_path), open_slowly) as address:
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert "loading" in unready_parts(address)["models"]
        asked = httpx.post(f"{address}/v1/answers", json=ASK)
        assert (asked.status_code, asked.json()["error"]["code"]) == (503, "not_ready")
        assert asked.headers["retry-after"]
        assert "Getting ready" in httpx.get(address).text
        may_open.set()
        wait_until_ready(address)
        assert httpx.post(f"{address}/v1/answers", json=ASK).status_code == 200


def test_what_keeps_it_from_loading_is_said_until_it_is_gone(tmp_path: Path) -> None:
    is_there = threading.Event()

    def open_when_there(_: Settings) -> Plumbline:
        if not is_there.is_set():
            raise EmbedderError("the embedding model is missing: install it")
        return make_plumbline(tmp_path)

    with serving(load_settings({}, data=tmp_path), open_when_there) as address:
        wait_for_part(address, "models", "the embedding model is missing")
        asked = httpx.post(f"{address}/v1/answers", json=ASK)
        assert asked.status_code == 503
        assert "missing: install it" in asked.json()["error"]["message"]
        is_there.set()
        wait_until_ready(address)


def test_a_broken_release_leaves_the_old_one_serving_and_is_said(tmp_path: Path) -> None:
    def opener(folder: Path) -> OpenRelease:
        if int(folder.name) == 2:
            raise ReleaseBroken("release 2 is broken")
        return make_release(int(folder.name))

    make_data_folder(tmp_path, live=1)
    with serving(load_settings({}, data=tmp_path), opening(opener)) as address:
        wait_until_ready(address)
        make_data_folder(tmp_path, live=2)
        wait_for_part(address, "releases", "release 2 is broken")
        assert "2 is live" in unready_parts(address)["corpus small"]
        assert httpx.post(f"{address}/v1/answers", json=ASK).json()["release"] == 1
        make_data_folder(tmp_path, live=3)
        wait_until_ready(address)
        assert httpx.post(f"{address}/v1/answers", json=ASK).json()["release"] == 3


def test_a_follower_that_dies_of_a_bug_does_not_die_unseen(tmp_path: Path) -> None:
    def opener(folder: Path) -> OpenRelease:
        if int(folder.name) == 2:
            raise ZeroDivisionError("a bug")
        return make_release(int(folder.name))

    make_data_folder(tmp_path, live=1)
    with serving(load_settings({}, data=tmp_path), opening(opener)) as address:
        wait_until_ready(address)
        make_data_folder(tmp_path, live=2)
        wait_for_part(address, "releases", "restart the service")
        assert httpx.post(f"{address}/v1/answers", json=ASK).status_code == 200


def test_twenty_releases_are_swapped_under_load_without_an_error(tmp_path: Path) -> None:
    make_data_folder(tmp_path, live=1)
    is_over = threading.Event()

    def ask_until_over(address: str) -> list[tuple[int, int]]:
        seen = []
        with httpx.Client(base_url=address, timeout=10) as client:
            while not is_over.is_set():
                reply = client.post("/v1/answers", json=ASK)
                seen.append((reply.status_code, reply.json().get("release", 0)))
        return seen

    with (
        serving(
            load_settings({}, data=tmp_path), opening(lambda f: make_release(int(f.name)))
        ) as address,
        ThreadPoolExecutor(4) as clients,
    ):
        wait_until_ready(address)
        loads = [clients.submit(ask_until_over, address) for _ in range(4)]
        for number in range(2, 22):
            make_data_folder(tmp_path, live=number)
            wait_until_ready(address)
        is_over.set()
        seen = [each for load in loads for each in load.result()]
    assert {status for status, _ in seen} == {200}
    assert len({release for _, release in seen}) > 5


def test_a_search_takes_the_configured_number_of_hits(tmp_path: Path) -> None:
    settings = load_settings({"RAG_TOP_K": "2"}, data=tmp_path)
    query = {"query": "passengers of the boats", "corpus": "small"}
    with serving(settings, lambda given: make_plumbline(tmp_path, top_k=given.top_k)) as address:
        wait_until_ready(address)
        found = [
            httpx.post(f"{address}/v1/search", json=query | more).json()["data"]
            for more in ({}, {"top_k": None}, {"top_k": 1})
        ]
    assert [len(hits) for hits in found] == [2, 2, 1]
