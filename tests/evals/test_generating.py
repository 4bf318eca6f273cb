"""`python -m evals generate`: the real parts of Ragas' generator over real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ragas._analytics import get_userid

from evals import set_commands
from evals.__main__ import main
from evals.samples.reading import read_set
from rag.errors import InvalidRegressionSet
from tests.evals.judge_server import JudgeServer, Reply, judge_server
from tests.small_corpus import make_data_folder, make_release

MORE = 2 * " It is said again, at length, in every office of the company, by all who know it."
TEXTS = {
    "leave.md": "Parental leave is 26 weeks at full pay. The Council in Skarvik decides." + MORE,
    "boats.md": "The Heron carries 120 passengers. The boat was built in Skarvik." + MORE,
    "dogs.md": "Dogs travel free of charge. Cats pay half of the fare of Children." + MORE,
    "short.md": "Nothing here.",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeServer]:
    monkeypatch.setattr(set_commands, "open_release", lambda folder: make_release(1, TEXTS))
    with judge_server() as running:
        monkeypatch.setenv("RAG_CHAT_MODEL", "openai:writer")
        monkeypatch.setenv("RAG_CHAT_BASE_URL", running.base_url)
        monkeypatch.setenv("RAG_CHAT_API_KEY", "k")
        yield running


def generate(folder: Path, *options: str) -> int:
    """The exit code of `evals generate` over the corpus of these texts."""
    make_data_folder(folder / "data", live=1)
    common = ["generate", "--corpus", "small", "--data", str(folder / "data")]
    return main([*common, "--out", str(folder / "draft.jsonl"), *options])


def drafts(folder: Path) -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in (folder / "draft.jsonl").read_text().splitlines()]


def test_drafts_are_of_several_documents_and_their_evidence_is_exact(
    server: JudgeServer, tmp_path: Path
) -> None:
    assert generate(tmp_path, "--n", "3") == 0
    found = drafts(tmp_path)
    assert len(found) == 3
    for each in found:
        assert (each["review"], each["tags"], each["answerable"]) == ("todo", ["generated"], True)
        assert each["origin"] == {"by": "ragas", "chat_model": "openai:writer"}
        for quote in each["evidence"]:
            text = TEXTS[quote["source"]]
            assert text[quote["start"] : quote["end"]] == quote["quote"]
            assert text.split(". ")[0] in quote["quote"]
    assert {quote["source"] for each in found for quote in each["evidence"]} == {
        *("leave.md", "boats.md", "dogs.md")
    }
    with pytest.raises(InvalidRegressionSet, match="a draft that nobody has reviewed"):
        read_set(tmp_path / "draft.jsonl")


def test_a_question_on_two_documents_that_name_the_same_has_evidence_of_both(
    server: JudgeServer, tmp_path: Path
) -> None:
    generate(tmp_path, "--n", "3")
    sources = [{quote["source"] for quote in each["evidence"]} for each in drafts(tmp_path)]
    assert sources.count({"leave.md", "boats.md"}) == 1


def test_ragas_leaves_nothing_in_the_home_folder(
    server: JudgeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    get_userid.cache_clear()
    generate(tmp_path, "--n", "2")
    assert not home.exists()


def test_fenced_and_thought_out_replies_are_read(server: JudgeServer, tmp_path: Path) -> None:
    server.fault = lambda n, step, text: Reply(f"<think>hm {{</think>\n```json\n{text}\n```")
    assert generate(tmp_path, "--n", "3") == 0
    assert len(drafts(tmp_path)) == 3


def test_what_failed_is_told_and_the_rest_is_kept(
    server: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    is_bad = "Dogs travel"
    server.fault = lambda n, step, text: (
        Reply("sorry") if step == "GeneratedQueryAnswer" and is_bad in text else None
    )
    assert generate(tmp_path, "--n", "3") == 0
    assert len(drafts(tmp_path)) == 2
    told = capsys.readouterr().out
    assert "2 drafts written to " in told
    assert "1 steps failed: no valid GeneratedQueryAnswer in 3 replies: no JSON object" in told


@pytest.mark.parametrize(
    "fault",
    [
        Reply("sorry"),
        Reply(status=500, body=b"{}"),
        Reply(body=b"<html>", content_type="text/html"),
        Reply('{"entities": "all"}'),
    ],
    ids=["chatter", "500", "html", "schema"],
)
def test_a_model_of_no_use_is_exit_code_3_and_writes_nothing(
    server: JudgeServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Reply,
) -> None:
    monkeypatch.setattr("rag.adapters.chat.langchain_chat.FIRST_WAIT_S", 0.01)
    server.fault = lambda n, step, text: fault
    assert generate(tmp_path, "--n", "2") == 3
    error = capsys.readouterr().err
    assert error.startswith("evals: no question came of 2 chunks, ")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "draft.jsonl").exists()


def test_a_corpus_of_short_chunks_alone_is_told(
    server: JudgeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    short = make_release(1, {"short.md": TEXTS["short.md"]})
    monkeypatch.setattr(set_commands, "open_release", lambda folder: short)
    assert generate(tmp_path) == 3
    assert capsys.readouterr().err == "evals: small has no chunk long enough to ask about\n"
    assert server.requests == []


def test_without_a_chat_model_one_line_says_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAG_CHAT_MODEL", raising=False)
    assert generate(tmp_path) == 78
    error = "evals: RAG_CHAT_MODEL is empty: name the chat model that drafts questions\n"
    assert capsys.readouterr().err == error


def test_no_draft_is_written_over(server: JudgeServer, tmp_path: Path) -> None:
    (tmp_path / "draft.jsonl").write_text("mine")
    assert generate(tmp_path) == 4
    assert (tmp_path / "draft.jsonl").read_text() == "mine"
    assert server.requests == []
