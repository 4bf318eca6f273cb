"""`python -m evals`: its exit codes, its one-line errors, and what it prints."""

import json
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evals import commands, judge_commands
from evals.__main__ import main
from evals.terminal import show_progress
from rag.adapters.memory.release import HashingEmbedder
from rag.plumbline import Plumbline
from rag.settings import Settings
from tests.evals.judge_server import judge_server
from tests.small_corpus import TEXTS, make_data_folder, make_plumbline, make_release

QUOTE = "Parental leave is 26 weeks at full pay."
LINE: dict[str, Any] = {
    "id": "leave-1",
    "question": "How many weeks of parental leave at full pay?",
    "reference": "26 weeks at full pay.",
    "answerable": True,
    "evidence": [{"source": "leave.md", "quote": QUOTE, "start": 0, "end": len(QUOTE)}],
}


def open_small(folder: Path, settings: Settings) -> Plumbline:
    """The small corpus, searched as the settings say and answered from their confidence on."""
    least = settings.min_confidence or 0.3
    return make_plumbline(folder, min_confidence=least, retriever=settings.retriever)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose corpus is the small one, wired in place of the models on disk."""
    folder = tmp_path / "data"
    make_data_folder(folder, live=1)
    monkeypatch.setattr(commands, "open_plumbline", partial(open_small, folder))
    monkeypatch.setattr(commands, "open_release", lambda folder: make_release(1))
    monkeypatch.setattr(judge_commands, "load_embedder", lambda settings: HashingEmbedder())
    for name in ("RAG_JUDGE_MODEL", "RAG_JUDGE_BASE_URL", "RAG_JUDGE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return folder


def run(data: Path, *options: str, line: dict[str, Any] = LINE) -> int:
    """`evals run` on a set of one line."""
    path = data.parent / "s.jsonl"
    path.write_text(json.dumps(line) + "\n")
    common = ["--set", str(path), "--corpus", "small", "--data", str(data)]
    return main(["run", *common, "--out", str(data.parent / "reports"), *options])


def write_gates(data: Path) -> None:
    """That the one sample, which is critical, may be wrong."""
    text = '[sets.s]\nknown_wrong = ["leave-1"]\nfloors.right = 0\n'
    (data.parent / "gates.toml").write_text(text)


def test_a_run_prints_a_table_and_the_paths_of_its_files(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "hit@5" in printed.out
    assert "judge: not measured" in printed.out
    paths = [Path(line) for line in printed.out.splitlines() if line.startswith(str(data.parent))]
    assert [path.name for path in paths] == ["report.json", "report.md", "report.html"]
    assert all(path.stat().st_size > 500 for path in paths)


def test_json_is_the_record_and_nothing_else(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "--json") == 0
    record = data.parent / "reports" / "latest" / "report.json"
    assert json.loads(capsys.readouterr().out) == json.loads(record.read_text())


def test_a_run_in_which_everything_fails_is_exit_code_2_and_says_so_first(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_MIN_CONFIDENCE", "1")
    assert run(data) == 2
    printed = capsys.readouterr()
    assert printed.err == "evals: broken: right is 0.000, its floor 0.5\n"
    assert printed.out.splitlines()[1:3] == [
        "1 of 1 not right",
        f"  leave-1: abstained, though the evidence is there: {LINE['question']}",
    ]


def test_a_lost_document_is_exit_code_2_and_named(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = LINE | {"evidence": [{"source": "pay.md", "quote": QUOTE}]}
    assert run(data, line=lost) == 2
    printed = capsys.readouterr()
    assert "evals: broken: evidence_present is 0.000, its floor 1\n" in printed.err
    assert "evidence gone: the release holds no source 'pay.md' (for leave-1)\n" in printed.out


def test_a_critical_sample_that_is_not_right_is_exit_code_2_until_it_is_known(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = [{"source": "dogs.md", "quote": "Dogs must not enter the saloon."}]
    line = LINE | {"evidence": elsewhere, "critical": True}
    assert run(data, "--floor", "right=0", line=line) == 2
    printed = capsys.readouterr()
    assert printed.err == "evals: broken: critical and not right: leave-1\n"
    assert "  leave-1: critical, wrong: cites none of the evidence: " in printed.out
    write_gates(data)
    assert run(data, line=line) == 0


def test_a_critical_sample_lost_since_the_baseline_is_exit_code_1(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LINE | {"critical": True}
    write_gates(data)
    assert run(data, line=line) == 0
    assert "leave-1 is right now: take it out of known_wrong" in capsys.readouterr().out
    baseline = (data.parent / "reports" / "latest").resolve()
    assert run(data, "--baseline", str(baseline), line=line) == 0
    assert ": 0 lost, 0 worse, 0 better, 0 gained\n" in capsys.readouterr().out
    monkeypatch.setenv("RAG_MIN_CONFIDENCE", "1")
    assert run(data, "--baseline", str(baseline), line=line) == 1
    error = capsys.readouterr().err
    assert error.startswith("evals: regression: critical samples that were right in 20")
    assert error.endswith(": leave-1\n")
    other = line | {"reference": "27 weeks."}
    assert run(data, "--baseline", str(baseline), line=other) == 4
    assert "compare runs of the same set" in capsys.readouterr().err


def test_a_run_is_compared_with_the_baseline_of_its_set(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "--floor", "right=0") == 0
    reports = data.parent / "reports"
    path = data.parent / "s.jsonl"
    accept = ["baseline", "accept", str(reports / "latest"), "--set", str(path), "--why"]
    assert main([*accept, " "]) == 4
    assert main([*accept, "it is right"]) == 0
    assert main(["baseline", "show", "--set", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.count("s.jsonl: run 20") == said.count(": it is right\n") == 2
    assert run(data, "--floor", "right=0") == 0
    printed = capsys.readouterr().out
    assert ": 0 lost, 0 worse, 0 better, 0 gained\n" in printed
    assert "detectable" in printed
    assert run(data, "--floor", "right=0", "--no-baseline") == 0
    assert "0 lost" not in capsys.readouterr().out
    before = len(list(reports.iterdir()))
    assert run(data, line=LINE | {"reference": "27 weeks."}) == 4
    assert "compare runs of the same set" in capsys.readouterr().err
    assert len(list(reports.iterdir())) == before
    monkeypatch.setenv("RAG_MIN_CONFIDENCE", "1")
    assert run(data, "--floor", "right=0") == 0
    printed = capsys.readouterr().out
    assert ": 1 lost, 0 worse, 0 better, 0 gained\n" in printed
    assert "  threshold: 0.3 → 1.0\n" in printed


def test_two_runs_are_compared_by_their_folders(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LINE | {"critical": True}
    write_gates(data)
    run(data, line=line)
    before = str((data.parent / "reports" / "latest").resolve())
    monkeypatch.setenv("RAG_MIN_CONFIDENCE", "1")
    run(data, line=line)
    after = str((data.parent / "reports" / "latest").resolve())
    asked = ["--set", str(data.parent / "s.jsonl")]
    capsys.readouterr()
    assert main(["compare", after, before, *asked]) == 0
    assert main(["compare", before, after, *asked]) == 1
    printed = capsys.readouterr()
    assert f"lost: critical, leave-1: {LINE['question']}\n  before: {QUOTE}" in printed.out
    assert printed.err.startswith("evals: regression: critical samples that were right in 20")
    assert main(["compare", before, after, *asked, "--json"]) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["comparison"]["samples"][0]["fate"] == "lost"
    assert verdict["exit_code"] == 1
    record = Path(after) / "report.json"
    for text, code, says in (
        (record.read_text().replace('"sha256": "', '"sha256": "0'), 4, "of the same set"),
        (record.read_text()[:5000], 3, "is not a report: not JSON"),
    ):
        record.write_text(text)
        assert main(["compare", before, after, *asked]) == code
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        assert says in printed.err


def test_a_baseline_that_is_not_there_is_told(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "show", "--set", str(data.parent / "s.jsonl")]) == 4
    assert "python -m evals baseline accept" in capsys.readouterr().err


def test_a_slice_that_no_sample_has_is_one_line_with_the_tags_there_are(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LINE | {"tags": ["table", "pay"]}
    assert run(data, "--slice", "pay", line=line) == 0
    capsys.readouterr()
    assert run(data, "--slice", "tables", line=line) == 4
    path = data.parent / "s.jsonl"
    assert capsys.readouterr().err == (
        f"evals: no sample of {path} has the tag 'tables': there are pay, table\n"
    )


def test_a_limit_that_is_no_number_says_what_it_must_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--limit", "0"])
    error = capsys.readouterr().err
    assert "--limit: '0' is not a whole number of at least 1" in error
    assert "_positive" not in error


def test_the_help_of_run_says_what_it_does_and_lists_the_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = capsys.readouterr().out
    assert "Ask the live release" in said
    for code in (0, 1, 2, 3, 4):
        assert f"\n  {code}  " in said


def test_a_long_run_tells_a_log_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for total in (49, 60):
        with show_progress() as advance:
            for _ in range(total):
                advance("asking", total)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"evals: asking, {done} of 60" for done in range(6, 61, 6)]


def test_a_judge_adds_its_metrics_and_keeps_its_cache_in_the_data_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_JUDGE_MODEL", "judge-1")
    with judge_server() as server:
        monkeypatch.setenv("RAG_JUDGE_BASE_URL", server.base_url)
        assert run(data, "--judge", "--repeats", "2", "--json") == 0
        report = json.loads(capsys.readouterr().out)
        assert report["judge"]["calls"] == len(server.requests) > 0
        assert report["aggregates"]["faithfulness"]["mean"] == pytest.approx(2 / 3)
        assert report["metrics"]["faithfulness"]["judged"] is True
        assert len(report["samples"][0]["repeats"]["faithfulness"]) == 2
        assert run(data, "--judge", "--repeats", "2", "--json") == 0
        assert json.loads(capsys.readouterr().out)["judge"]["calls"] == 0
    assert (data / "judge-cache.db").is_file()


def test_a_judge_that_is_the_chat_model_or_unchecked_is_said_so(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server() as server:
        for name in ("JUDGE", "CHAT"):
            monkeypatch.setenv(f"RAG_{name}_BASE_URL", server.base_url)
        monkeypatch.setenv("RAG_JUDGE_MODEL", "judge-1")
        monkeypatch.setenv("RAG_CHAT_MODEL", "openai:judge-1")
        assert run(data, "--judge", "--repeats", "1", "--no-judge-check") == 0
        told = capsys.readouterr()
        assert told.err.startswith("evals: warning: the judge judge-1 is the chat model")
        page = (data.parent / "reports" / "latest" / "report.md").read_text()
        for line in ("the judge was not checked", "warning: the judge judge-1 is the chat model"):
            assert line in page
            assert line in told.out
        monkeypatch.setenv("RAG_CHAT_MODEL", "openai:other")
        assert run(data, "--judge", "--repeats", "1", "--no-judge-check") == 0
        assert capsys.readouterr().err == ""


def test_a_judge_that_is_down_is_exit_code_3_and_loud(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_JUDGE_MODEL", "judge-1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAG_JUDGE_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        assert run(data, "--judge", "--repeats", "1") == 3
    error = capsys.readouterr().err
    reason = "the judge answered 0 of 80 known claims (the judge did not answer"
    assert f"evals: could not measure the judged metrics: {reason}" in error
    assert f"noise_sensitivity: 0 of 1 measured ({reason}" in error
    assert error.count("\n") == 2
    record = data.parent / "reports" / "latest" / "report.json"
    sample = json.loads(record.read_text())["samples"][0]
    assert "judge" in sample["values"]["faithfulness"]["reason"]
    assert sample["values"]["hit@1"] == 1.0


def test_a_judge_without_its_extra_says_how_to_install_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_JUDGE_MODEL", "judge-1")
    for name in ("evals.judging.judged", "evals.judging.ragas_metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in [*sys.modules, "ragas"]:
        if name.split(".")[0] == "ragas":
            monkeypatch.setitem(sys.modules, name, None)
    assert run(data, "--judge") == 78
    error = capsys.readouterr().err
    assert error == "evals: the judged tier needs ragas: run `pip install '.[evals]'`\n"
    assert run(data) == 0


def test_a_judge_without_a_model_is_a_settings_error(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "--judge") == 78
    assert capsys.readouterr().err.startswith("evals: RAG_JUDGE_MODEL is empty")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["measure"],
        ["run", "--bogus"],
        ["run", "--limit", "0"],
        ["run", "--limit", "ten"],
        ["run", "--floor", "right"],
        ["run", "--floor", "right=80"],
        ["run", "--repeats", "x"],
        ["run", "--baseline", "a", "--no-baseline"],
        ["compare", "--settings", "a"],
        ["baseline", "accept", "a"],
        ["locate", "s.jsonl"],
    ],
)
def test_bad_arguments_are_exit_code_4(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 4
    assert "usage: python -m evals" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "options", "code", "says"),
    [
        (LINE | {"answerable": "maybe"}, [], 4, "s.jsonl:1: answerable: "),
        (LINE, ["--set", "absent.jsonl"], 4, "absent.jsonl cannot be read"),
        (LINE, ["--floor", "hit@7=0.5"], 4, "no metric 'hit@7' can gate"),
        (LINE, ["--baseline", "absent.json"], 3, "absent.json cannot be read"),
        (LINE, ["--corpus", "../etc"], 4, "not allowed"),
        (LINE, ["--corpus", "absent"], 66, "python -m ingest add"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    line: dict[str, Any],
    options: list[str],
    code: int,
    says: str,
    data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(data, *options, line=line) == code
    error = capsys.readouterr().err
    assert error.startswith("evals: ")
    assert says in error
    assert error.count("\n") == 1
    assert not (data.parent / "reports").exists()


def test_locate_fills_in_the_spans(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data.parent / "s.jsonl"
    quote = {"source": "dogs.md", "quote": "Dogs must\nnot enter"}
    path.write_text(json.dumps(LINE | {"evidence": [quote]}) + "\n")
    arguments = ["locate", str(path), "--corpus", "small", "--data", str(data)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "1 pieces of evidence stand in small@1, 1 of them written\n"
    (evidence,) = json.loads(path.read_text())["evidence"]
    assert TEXTS["dogs.md"][evidence["start"] : evidence["end"]] == "Dogs must not enter"
    assert main(arguments) == 0
    assert capsys.readouterr().out.endswith("0 of them written\n")


def test_locate_lists_what_it_cannot_find_and_exits_4(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data.parent / "s.jsonl"
    evidence = [{"source": "dogs.md", "quote": "Cats"}, {"source": "cats.md", "quote": "Cats"}]
    path.write_text(json.dumps(LINE | {"evidence": evidence}) + "\n")
    assert main(["locate", str(path), "--corpus", "small", "--data", str(data)]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"evals: {path}:1: evidence.0: quote 'Cats' is not found in dogs.md",
        f"evals: {path}:1: evidence.1: the release holds no source 'cats.md'",
    ]
