"""`python -m evals compare --settings`: two settings on one release."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from evals import commands
from evals.__main__ import main
from evals.promoting.settings_files import read_arm
from evals.reports.record import read_report
from rag.errors import SettingsError
from rag.plumbline import Plumbline
from rag.settings import Settings, load_settings
from tests.small_corpus import make_data_folder, make_plumbline

QUOTE = "Parental leave is 26 weeks at full pay."
LINE = {
    "id": "leave-1",
    "question": "How many weeks is parental leave at full pay?",
    "reference": QUOTE,
    "answerable": True,
    "critical": True,
    "evidence": [{"source": "leave.md", "quote": QUOTE}],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the corpus, a set of one line and two settings are."""
    make_data_folder(tmp_path / "data", live=1)
    (tmp_path / "s.jsonl").write_text(json.dumps(LINE) + "\n")
    (tmp_path / "usual.toml").write_text('retriever = "hybrid"\n')
    (tmp_path / "strict.toml").write_text("min_confidence = 1.0\n")

    def open_chosen(settings: Settings, *, chosen: Mapping[str, int]) -> Plumbline:
        assert chosen == {"small": 1}
        return make_plumbline(tmp_path / "data", min_confidence=settings.min_confidence or 0.3)

    monkeypatch.setattr(commands, "open_plumbline", open_chosen)
    monkeypatch.delenv("RAG_MIN_CONFIDENCE", raising=False)
    return tmp_path


def compare(folder: Path, *files: str) -> int:
    settings = ["--settings", *(str(folder / name) for name in files)]
    where = ["--corpus", "small", "--data", str(folder / "data"), "--out", str(folder / "out")]
    return main(["compare", *settings, "--set", str(folder / "s.jsonl"), *where])


def test_settings_that_answer_worse_are_a_regression(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(folder, "usual.toml", "strict.toml") == 2
    printed = capsys.readouterr()
    assert "1 lost, 0 worse, 0 better, 0 gained" in printed.out
    assert "lost: critical, leave-1" in printed.out
    assert "regression: critical samples that were right" in printed.err
    latest = read_report(folder / "out" / "latest" / "report.json")
    assert latest.verdict.comparison


def test_equal_settings_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(folder, "usual.toml", "usual.toml") == 0
    assert "0 lost, 0 worse, 0 better, 0 gained" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("retreiver = 'dense'", "retreiver"),
        ("retriever = 'deep'", "retriever"),
        ("release = 0", "release 0 is not the number of a release"),
        ("retriever = ", "is not TOML"),
    ],
)
def test_settings_that_cannot_be_meant_are_one_clear_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (folder / "strict.toml").write_text(text)
    assert compare(folder, "usual.toml", "strict.toml") == 78
    [line] = capsys.readouterr().err.splitlines()
    assert "strict.toml" in line
    assert said in line
    assert not (folder / "out").exists()


def test_a_file_names_its_release_and_leaves_the_rest_to_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("release = 7\ntop_k = 5\n")
    arm = read_arm(file, load_settings({"RAG_JUDGE_API_KEY": "k", "RAG_RETRIEVER": "dense"}))
    assert (arm.release, arm.settings.top_k, arm.settings.retriever) == (7, 5, "dense")
    assert arm.settings.judge_api_key.get_secret_value() == "k"
    with pytest.raises(SettingsError, match="cannot be read"):
        read_arm(tmp_path / "none.toml", load_settings({}))


def test_neither_runs_nor_settings_is_usage(folder: Path) -> None:
    assert main(["compare"]) == 4
    assert main(["compare", str(folder)]) == 4
    assert main(["compare", str(folder), "--settings", "a", "b", "--corpus", "small"]) == 4
