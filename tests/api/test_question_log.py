"""What the service keeps of its questions, where it is told to."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from rag.adapters.memory.kept_questions import MemoryQuestionLog
from rag.adapters.stores.question_log import SqliteQuestionLog, read_questions
from tests.api.conftest import wait_until_ready
from tests.serving import serving_small_corpus
from tests.small_corpus import TEXTS

JSON = {"content-type": "application/json"}
ASK = {"question": "How many passengers does the Heron carry?", "corpus": "small"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, MemoryQuestionLog]]:
    log = MemoryQuestionLog()
    data = tmp_path_factory.mktemp("data")
    with serving_small_corpus(data, question_log=log) as address:
        wait_until_ready(address)
        yield address, log


@pytest.fixture
def http(kept: tuple[str, MemoryQuestionLog]) -> Iterator[httpx.Client]:
    kept[1].exchanges.clear()
    with httpx.Client(base_url=kept[0], timeout=10) as client:
        yield client


@pytest.fixture
def log(kept: tuple[str, MemoryQuestionLog]) -> MemoryQuestionLog:
    return kept[1]


def test_an_answer_is_kept_with_ids_alone(http: httpx.Client, log: MemoryQuestionLog) -> None:
    reply = http.post("/v1/answers", json=ASK)
    body = reply.json()
    [exchange] = log.exchanges
    assert exchange.question == ASK["question"]
    assert (exchange.id, exchange.status) == (body["id"], body["status"])
    assert exchange.request_id == reply.headers["x-request-id"]
    assert (exchange.corpus, exchange.release) == ("small", 1)
    assert exchange.hits
    assert exchange.cited == ("boats-md",)
    assert sum(exchange.verdicts.values()) == len(body["sentences"])
    assert exchange.timings_ms["total"] > 0
    assert not any(text[:20] in repr(exchange) for text in TEXTS.values())


def test_what_is_kept_of_an_answer_can_be_read_back(
    http: httpx.Client, log: MemoryQuestionLog, tmp_path: Path
) -> None:
    http.post("/v1/answers", json=ASK)
    path = tmp_path / "q.db"
    with closing(SqliteQuestionLog(path, days=1, most=1000)) as kept:
        kept.record(log.exchanges[0])
    assert list(read_questions(path, "small", "", "9999")) == log.exchanges


def test_a_streamed_completion_is_kept_too(http: httpx.Client, log: MemoryQuestionLog) -> None:
    messages = [{"role": "user", "content": "Do dogs travel free?"}]
    http.post("/v1/chat/completions", json={"model": "small", "messages": messages, "stream": True})
    assert [each.question for each in log.exchanges] == ["Do dogs travel free?"]


def test_a_follow_up_is_kept_as_it_was_asked(http: httpx.Client, log: MemoryQuestionLog) -> None:
    messages = [
        {"role": "user", "content": "Do dogs travel free?"},
        {"role": "assistant", "content": "Dogs travel free of charge on every boat."},
        {"role": "user", "content": "And in the saloon?"},
    ]
    http.post("/v1/answers", json={"messages": messages, "corpus": "small"})
    [exchange] = log.exchanges
    assert (exchange.question, exchange.is_follow_up) == ("And in the saloon?", True)


def test_what_asks_nothing_of_the_documents_is_not_kept(
    http: httpx.Client, log: MemoryQuestionLog
) -> None:
    unasked: list[dict[str, object]] = [{"question": ""}, {"messages": []}, {"question": "\ud800"}]
    for refused in unasked:
        body = json.dumps({"corpus": "small"} | refused)
        assert http.post("/v1/answers", content=body, headers=JSON).status_code in (400, 422)
    assert http.post("/v1/answers", json=ASK | {"question": "Hello!"}).status_code == 200
    http.post("/v1/search", json={"query": "dogs", "corpus": "small"})
    assert log.exchanges == []
