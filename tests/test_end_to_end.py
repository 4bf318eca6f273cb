"""The whole path with real parts: commands, Chroma, tantivy, the embedder, HTTP, two releases."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.__main__ import main
from tests.openai_server import Reply, openai_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
HANDBOOK = "examples/handbook"
QUESTION = "How many weeks of parental leave does the parent who gives birth get?"


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of the product, in its own process, with `settings` as its only `RAG_` names."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAG_")} | settings
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the example corpus, as `make demo` makes it."""
    data = tmp_path_factory.mktemp("data")
    ingested = run("ingest", "add", HANDBOOK, "--corpus", "handbook", "--data", str(data))
    assert ingested.returncode == 0, ingested.stderr
    return data


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    """The service in a process of its own."""
    service = subprocess.Popen(
        [sys.executable, "-m", "api", "--data", str(data), "--port", "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stderr
    address = ""
    for line in service.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            address = found.group()
        if "ready:" in line:
            break
    yield address
    service.send_signal(signal.SIGINT)
    service.communicate(timeout=30)
    assert service.returncode == 0


def test_the_command_line_answers_with_exact_quotes(data: Path) -> None:
    asked = run("rag", "ask", QUESTION, "--corpus", "handbook", "--data", str(data), "--json")
    answer = json.loads(asked.stdout)
    assert answer["status"] == "answered"
    assert "18 weeks on full pay" in answer["citations"][0]["quote"]


def test_the_command_line_prints_the_quote_and_its_place(data: Path) -> None:
    asked = run("rag", "ask", QUESTION, "--corpus", "handbook", "--data", str(data))
    assert "people/annual-leave-policy.md" in asked.stdout
    assert re.search(r"\[\d+:\d+\]", asked.stdout)


def test_search_over_rest_and_on_the_command_line_are_the_same(data: Path, address: str) -> None:
    command = ("rag", "search", "lost umbrella", "--corpus", "handbook", "--top-k", "3")
    printed = json.loads(run(*command, "--data", str(data), "--json").stdout)
    body = {"query": "lost umbrella", "corpus": "handbook", "top_k": 3}
    assert printed == httpx.post(f"{address}/v1/search", json=body).json()
    assert printed["data"][0]["document"]["source"] == "customers/lost-property.html"


def test_every_citation_over_rest_is_the_documents_text(address: str) -> None:
    questions = [
        QUESTION,
        "What is the battery capacity of the Petrel Queen?",
        "What does a return ticket for an adult from Port Maren to Kelda Quay cost?",
        "Within how many seconds should a call be answered?",
    ]
    for question in questions:
        ask = {"question": question, "corpus": "handbook"}
        answer = httpx.post(f"{address}/v1/answers", json=ask, timeout=30).json()
        assert answer["status"] == "answered"
        for citation in answer["citations"]:
            document = f"{address}/v1/documents/{citation['document']['id']}/text"
            text = httpx.get(document, params={"corpus": "handbook"}).text
            span = citation["span"]
            assert text[span["start"] : span["end"]] == citation["quote"]


def test_readmes_client_example_runs_as_it_stands(address: str) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert "http://127.0.0.1:8000/v1" in code
    shown = subprocess.run(
        [sys.executable, "-c", code.replace("http://127.0.0.1:8000", address)],
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    assert "annual-leave-policy.md" in shown.stdout


def test_a_second_run_publishes_nothing_and_embeds_nothing(data: Path) -> None:
    started = time.monotonic()
    again = run(
        *("ingest", "add", HANDBOOK, "--corpus", "handbook"),
        *("--data", str(data), "--json"),
    )
    summary = json.loads(again.stdout.splitlines()[-1])
    assert (summary["published"], summary["embedded"]) == (False, 0)
    assert time.monotonic() - started < 30  # it loads no model


def test_a_new_release_is_picked_up_under_load_without_an_error(
    data: Path, address: str, tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "heron.md").write_text("# Heron\n\nThe Heron carries 120 passengers.\n")
    add = ("ingest", "add", str(folder), "--corpus", "fleet", "--data", str(data))
    assert run(*add).returncode == 0
    ask = {"question": "How many passengers does the Heron carry?", "corpus": "fleet"}

    def ask_until_new() -> list[Any]:
        answers = []
        with httpx.Client(base_url=address, timeout=30) as client:
            for _ in range(600):
                reply = client.post("/v1/answers", json=ask)
                answers.append((reply.status_code, reply.json()))
                if reply.status_code != 200 or reply.json()["release"] == 2:
                    break
                time.sleep(0.05)
        return answers

    with ThreadPoolExecutor(3) as clients:
        loads = [clients.submit(ask_until_new) for _ in range(3)]
        (folder / "heron.md").write_text("# Heron\n\nThe Heron carries 150 passengers.\n")
        assert run(*add).returncode == 0
        answers = [answer for load in loads for answer in load.result()]
    assert {status for status, _ in answers} == {200}
    said = {(body["release"], body["citations"][0]["quote"]) for _, body in answers}
    assert (2, "The Heron carries 150 passengers.") in said
    assert said <= {
        (1, "The Heron carries 120 passengers."),
        (2, "The Heron carries 150 passengers."),
    }


def test_a_chat_model_by_its_base_url_gives_a_cited_answer(data: Path) -> None:
    pieces = ["The parent who gives birth has ", "18 weeks on full pay [1].", " And a pony [7]."]
    with openai_server(Reply(pieces)) as provider:
        settings = {"RAG_CHAT_MODEL": "fake", "RAG_CHAT_BASE_URL": provider.base_url}
        asked = run(
            *("rag", "ask", QUESTION, "--corpus", "handbook"),
            "--data",
            str(data),
            "--json",
            **settings,
        )
    answer = json.loads(asked.stdout)
    assert answer["generator"] == "openai:fake"
    assert answer["status"] == "partial"
    assert [s["supported"] for s in answer["sentences"]] == [True, False]
    assert "18 weeks on full pay" in answer["citations"][0]["quote"]
    assert answer["usage"]["total_tokens"] == 18
    assert "passages-" in provider.requests[0]["messages"][0]["content"]


def test_a_taken_port_is_one_line(address: str, data: Path) -> None:
    port = address.rsplit(":", 1)[1]
    second = run("api", "--data", str(data), "--port", port)
    assert second.returncode == 69
    assert second.stderr.count("\n") == 1
    assert "--port" in second.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--host", "0.0.0.0"), 78, "authentication"),
        (("--port", "70000"), 78, "RAG_PORT"),
        (("--data", "/nonexistent"), 78, "there is no data folder '/nonexistent'"),
    ],
)
def test_what_the_service_cannot_do_is_one_line(
    arguments: tuple[str, ...], code: int, says: str
) -> None:
    refused = run("api", *arguments)
    assert refused.returncode == code
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("support", ["model", "chat"])
def test_a_support_check_without_its_model_fails_the_start(data: Path, support: str) -> None:
    refused = run("api", "--data", str(data), RAG_SUPPORT=support)
    assert refused.returncode == 78
    assert f"RAG_SUPPORT={support} needs" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_chat_model_that_cannot_be_opened_fails_the_start(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    refused = run("api", "--data", str(data), RAG_CHAT_MODEL="openai:gpt-4o-mini")
    assert refused.returncode == 78
    assert "RAG_CHAT_API_KEY is empty" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_unknown_setting_is_one_line_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_TOPK", "3")
    commands = [
        ["ingest", "add", HANDBOOK, "--corpus", "x"],
        ["rag", "ask", "x", "--corpus", "x"],
        ["api"],
        ["evals", "run"],
    ]
    for command in commands:
        refused = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
        )
        assert refused.returncode not in (0, 1), command
        assert "RAG_TOPK" in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_readers_and_filters_hold_from_the_files_to_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "pay.md").write_text("# Pay\n\nThe captain's monthly pay is 7,420 crowns.\n")
    (docs / "pay.md.meta.json").write_text('{"acl": ["board"], "team": "finance", "year": 2024}')
    (docs / "piers.md").write_text("# Piers\n\nThe pay desk for tickets is on the north pier.\n")
    place = ("--corpus", "x", "--data", str(tmp_path / "data"))
    assert run("ingest", "add", str(docs), *place, "--meta", "team=ports").returncode == 0

    def found(*options: str) -> set[str]:
        assert main(["search", "the captain's monthly pay", *place, "--json", *options]) == 0
        hits = json.loads(capsys.readouterr().out)["data"]
        return {hit["document"]["source"] for hit in hits}

    assert found() == {"piers.md"}
    assert found("--as", "board") == {"piers.md", "pay.md"}
    assert found("--as", "board", "--filter", 'year={"gte": 2020}') == {"pay.md"}
    assert found("--as", "board", "--filter", "team=ports") == {"piers.md"}
    assert main(["search", "pay", *place, "--filter", "year=2024"]) == 2
    assert capsys.readouterr().err == (
        "rag: no document has 'year': filter by document, media_type, source, team, title\n"
    )
