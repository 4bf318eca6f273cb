"""`python -m evals drift`: its exit codes, what it prints, and the log that it reads."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evals import drift_commands as commands
from evals.__main__ import main
from rag.adapters.memory.release import HashingEmbedder
from rag.adapters.stores.question_log import QUESTIONS, SqliteQuestionLog
from rag.domain import DocumentRef
from rag.journal.exchange import Exchange
from tests.small_corpus import make_data_folder

BOATS = [f"How many cars does the boat number {n} carry?" for n in range(60)]
CATS = [f"May {n} of my cats travel in the saloon with me?" for n in range(60)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the small corpus, without the models and files on disk."""
    folder = tmp_path / "data"
    make_data_folder(folder, live=1)
    monkeypatch.setattr(commands, "load_embedder", lambda settings: HashingEmbedder())
    documents = [DocumentRef("dogs-md", "v", "dogs.md", "Dogs", date="2001")]
    monkeypatch.setattr(commands, "_documents", lambda options, settings: {1: documents})
    return folder


def keep(data: Path, *asked: tuple[list[str], int, str]) -> None:
    """Questions, how many days ago they were asked, and what became of them."""
    now = datetime.now(UTC)
    with closing(SqliteQuestionLog(data / QUESTIONS, days=90, most=1000)) as log:
        for questions, days, status in asked:
            at = (now - timedelta(days=days)).isoformat(timespec="milliseconds")
            for each in questions:
                cited = ("dogs-md",) if status == "answered" else ()
                log.record(Exchange(at, each, corpus="small", status=status, cited=cited))


def drift(data: Path, *options: str) -> int:
    return main(["drift", "--corpus", "small", "--data", str(data), *options])


def test_the_same_questions_raise_no_alarm(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(data, (BOATS, 20, "answered"), (BOATS, 2, "answered"))
    assert drift(data) == 0
    printed = capsys.readouterr().out
    assert "small: 60 questions from" in printed
    assert "no alarm" in printed
    assert "old and cited 60 times: dogs.md, of 2001" in printed
    assert "latency: insufficient data: 0 and 0 values, 50 each are needed" in printed


def test_what_changed_alarms_with_examples(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(data, (BOATS, 20, "answered"), (CATS, 2, "abstained"))
    assert drift(data) == 1
    printed = capsys.readouterr().out
    assert "ALARM: questions, novel, abstained" in printed
    assert "0 -> " in printed
    assert "cats" in printed
    assert drift(data, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in report["findings"] if each["alarm"]} == {
        *("questions", "novel", "abstained")
    }


def test_a_file_is_read_in_place_of_the_log(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [{"asked": f"2026-01-0{1 + n % 5}", "question": q} for n, q in enumerate(BOATS)]
    lines += [{"asked": f"2026-02-0{1 + n % 5}", "question": q} for n, q in enumerate(CATS)]
    path.write_text("\n".join(map(json.dumps, lines)))
    periods = ("--reference", "2026-01-01..2026-01-31", "--current", "2026-02-01..2026-02-28")
    assert drift(data, "--log", str(path), *periods) == 1


def test_too_little_is_told_apart_from_no_alarm(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drift(data) == 3
    assert "set RAG_QUESTION_LOG=on for the service" in capsys.readouterr().err
    keep(data, (BOATS, 20, "answered"), (BOATS[:10], 2, "answered"))
    assert drift(data) == 3
    assert "insufficient data: 60 and 10 values" in capsys.readouterr().out


def test_what_cannot_be_meant_is_one_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drift(data, "--current", "today") == 4
    assert capsys.readouterr().err.startswith("evals: 'today' is not FROM..TO")
    assert drift(data, "--log", str(data / "none.jsonl")) == 4
    assert main(["drift", "--corpus", "none", "--data", str(data)]) == 66
