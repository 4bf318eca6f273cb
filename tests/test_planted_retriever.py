"""A retriever is a function and a row: one of titles, planted here, works wherever one is named."""

import html
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import evals.commands
import rag.terminal.commands
from evals.__main__ import main as evaluate
from rag.__main__ import main as ask
from rag.domain import Ranking
from rag.errors import InvalidRetriever, SettingsError
from rag.plumbline import Plumbline
from rag.retrieval.query import Query
from rag.retrieval.retrievers import RETRIEVERS, Retriever
from rag.retrieval.scope import Scope
from rag.settings import Settings, load_settings
from tests.api.conftest import wait_until_ready
from tests.serving import serving
from tests.small_corpus import make_data_folder, make_plumbline

QUESTION = "Of the boats, how many passengers does the Heron carry?"
QUOTE = "The Heron carries 120 passengers and 18 cars."


def find_titles(query: Query, limit: int) -> dict[str, Ranking]:
    """Chunks of the documents whose titles share words with the question."""
    store, analyze = query.release.documents, query.release.lexical.analyze
    asked = set(analyze(query.text))
    found = [
        (id_, float(len(asked.intersection(analyze(reference.title.replace(".", " "))))))
        for reference in store.references()
        for id_ in store.chunk_ids(reference.id)
    ]
    return {"titles": [pair for pair in found if pair[1]][:limit]}


def open_small(data: Path, settings: Settings) -> Plumbline:
    """The small corpus, searched as the settings say."""
    return make_plumbline(data, retriever=settings.retriever)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the small corpus, where titles can be searched."""
    monkeypatch.setitem(RETRIEVERS, "titles", Retriever(find_titles, {"titles": 1.0}))
    make_data_folder(tmp_path, live=1)
    for commands in (rag.terminal.commands, evals.commands):
        monkeypatch.setattr(commands, "open_plumbline", partial(open_small, tmp_path))
    return tmp_path


def run(command: str, data: Path, capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    """What a command prints as JSON."""
    common = ["--corpus", "small", "--data", str(data), "--json"]
    assert ask([command, QUESTION, *common, *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_searches_explains_and_answers_by_command(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run("search", data, capsys, "--mode", "titles")
    assert (found["mode"], len(found["data"])) == ("titles", 2)
    assert all(set(hit["scores"]) == {"titles"} for hit in found["data"])
    explained = run("explain", data, capsys, "--mode", "titles", "--document", "dogs.md")
    assert list(explained["kept"]) == ["titles", "fused", "neighbours", "packed"]
    assert explained["data"][0]["places"]["titles"]["rank"] == 1
    assert explained["confidence"] == found["confidence"]
    assert explained["document"]["lost_at"] == "candidates"
    assert "titles beyond place" in explained["document"]["reason"]
    answered = run("ask", data, capsys, "--mode", "titles")
    assert answered["citations"][0]["quote"] == QUOTE
    assert answered["fingerprint"]["retriever"].startswith("titles min-max {'titles': 1.0}")


def test_it_is_evaluated_by_command(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = {"source": "boats.md", "quote": QUOTE, "start": 0, "end": len(QUOTE)}
    line = {"id": "boats", "question": QUESTION, "reference": "120.", "answerable": True}
    regression_set = data / "set.jsonl"
    regression_set.write_text(json.dumps(line | {"evidence": [evidence]}) + "\n")
    monkeypatch.setenv("RAG_RETRIEVER", "titles")
    options = ["--set", str(regression_set), "--corpus", "small", "--data", str(data)]
    assert evaluate(["run", *options, "--out", str(data / "reports"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["fingerprint"]["retriever"].startswith("titles ")
    assert report["aggregates"]["hit@1"]["mean"] == 1.0


@pytest.fixture
def http(data: Path) -> Iterator[httpx.Client]:
    """A client of a service over that corpus."""
    settings = load_settings({"RAG_RETRIEVER": "titles"}, data=data)
    with serving(settings, partial(open_small, data)) as address:
        wait_until_ready(address)
        with httpx.Client(base_url=address, timeout=10) as client:
            yield client


@pytest.mark.parametrize("named", [{"mode": "titles"}, {"mode": None}, {}])
def test_it_searches_explains_and_answers_by_rest(
    http: httpx.Client, named: dict[str, str | None]
) -> None:
    body = {"corpus": "small"} | named
    found = http.post("/v1/search", json=body | {"query": QUESTION}).json()
    explained = http.post("/v1/explain", json=body | {"question": QUESTION}).json()
    answered = http.post("/v1/answers", json=body | {"question": QUESTION}).json()
    assert found["mode"] == explained["mode"] == "titles"
    assert found["data"][0]["chunk_id"] == explained["data"][0]["chunk_id"]
    assert answered["citations"][0]["quote"] == QUOTE


def test_the_reference_names_it_among_the_choices(http: httpx.Client) -> None:
    choices = '"hybrid" | "dense" | "lexical" | "titles"'
    assert choices in html.unescape(http.get("/docs").text)


def test_a_name_that_is_none_is_told_which_there_are(
    data: Path, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are = "no retriever 'magic': use one of hybrid, dense, lexical, titles"
    with pytest.raises(InvalidRetriever, match=there_are):
        Scope(mode="magic")
    with pytest.raises(SettingsError, match=f"RAG_RETRIEVER is refused: {there_are}"):
        load_settings({"RAG_RETRIEVER": "magic"})
    chat = {"model": "small", "messages": [{"role": "user", "content": "x"}]}
    native = {"corpus": "small", "question": "x", "query": "x"}
    for path in ("/v1/search", "/v1/explain", "/v1/answers", "/v1/chat/completions"):
        body = chat if path == "/v1/chat/completions" else native
        reply = http.post(path, json={**body, "mode": "magic"})
        status = 400 if body is chat else 422
        assert (reply.status_code, reply.json()["error"]["param"]) == (status, "mode")
        assert reply.json()["error"]["message"] == there_are
    with pytest.raises(SystemExit) as ended:
        ask(["search", "x", "--corpus", "small", "--data", str(data), "--mode", "magic"])
    assert ended.value.code == 2
    assert "titles" in capsys.readouterr().err
