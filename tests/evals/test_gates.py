"""What a set must reach, as `gates.toml` says it, and the run that it is held against."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.__main__ import HANDBOOK
from evals.gates.baselines import accept, baseline_path, read_baseline, read_run
from evals.gates.criteria import JUDGED_METRICS, default_criteria, read_criteria
from evals.judging.ragas_metrics import JUDGED
from evals.metrics.table import METRICS
from evals.observing import Missing
from evals.reports.decision import Verdict
from evals.reports.record import Report, to_json
from evals.samples.reading import read_set
from evals.samples.sample import RegressionSet
from rag.errors import NotMeasured, StorageError, UsageError
from tests.evals.test_running import LEAVE, SAMPLES, run
from tests.small_corpus import make_plumbline

ASKED = RegressionSet("s.jsonl", "0" * 64, (replace(LEAVE, critical=True), *SAMPLES[1:]))
WHEN = "2026-11-22T06:00:00+00:00"
LINE = {"id": "q", "question": "q?", "reference": "r", "answerable": False, "evidence": []}


def write_gates(folder: Path, text: str) -> Path:
    """A set `s.jsonl` with gates beside it; the path of the set."""
    path = folder / "s.jsonl"
    path.write_text(json.dumps(LINE | {"tags": ["off-topic"]}) + "\n")
    path.with_name("gates.toml").write_text(text)
    return path


def test_floors_are_the_defaults_then_the_sets_then_those_given(tmp_path: Path) -> None:
    path = write_gates(
        tmp_path,
        'defaults.alpha = 0.01\n[sets.s]\nknown_wrong = ["leave"]\n'
        '[sets.s.floors]\nright = 0.7\n"hit@5" = 0.9\n[sets.s.slices.t]\nright = 0.2\n',
    )
    found = read_criteria(path, ASKED.samples, {"hit@5": 0.8, "faithfulness": 0.6})
    assert found.known_wrong == {"leave"}
    assert found.floors == {
        "evidence_present": 1.0,
        "right": 0.7,
        "hit@5": 0.8,
        "faithfulness": 0.6,
    }
    assert found.slice_floors == {"t": {"right": 0.2}}
    assert (found.alpha, found.least_valid) == (0.01, 0.9)
    assert found.least_drops == default_criteria().least_drops
    assert read_criteria(tmp_path / "elsewhere" / "s.jsonl", (), {}) == default_criteria()


def test_a_set_names_all_the_metrics_that_gate_or_none(tmp_path: Path) -> None:
    path = write_gates(tmp_path, "[sets.s.least_drop]\nmrr = 0.1\n")
    assert read_criteria(path, ASKED.samples, {}).least_drops == {"mrr": 0.1}


def test_a_part_of_a_set_has_the_default_floors_and_those_given(tmp_path: Path) -> None:
    text = "[sets.s.floors]\nright = 0.9\nmrr = 0.9\n[sets.s.slices.t]\nright = 1\n"
    path = write_gates(tmp_path, text)
    part = read_criteria(path, ASKED.samples, {"hit@5": 0.8}, is_whole=False)
    assert part.floors == {**default_criteria().floors, "hit@5": 0.8}
    assert part.slice_floors == {}


def test_the_example_set_has_gates_that_can_be_meant() -> None:
    found = read_criteria(HANDBOOK, read_set(HANDBOOK).samples, {})
    assert found.floors["right"] > default_criteria().floors["right"]
    assert found.known_wrong
    assert set(found.least_drops) & set(JUDGED)
    assert set(found.least_drops) & set(METRICS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("floors = ", "is not TOML"),
        ("[defaults.floors]\nrihgt = 0.5", "no metric 'rihgt' can gate: there are right, "),
        ("[sets.s.least_drop]\nanswer_ms = 0.5", "no metric 'answer_ms' can gate"),
        ("[sets.s.slices.t]\nhit = 0.5", "no metric 'hit' can gate"),
        ("[sets.s.slices.travel]\nright = 0.5", "sets.s.slices: the set has no sample with the"),
        ("[sets.other.floors]\nright = 0.5", "sets.other: there is no other.jsonl beside it"),
        ("[sets.s.floors]\nright = 80", "sets.s.floors.right: "),
        ("[sets.s.least_drop]\nright = 0", "sets.s.least_drop.right: "),
        ("[defaults]\nalpha = 5", "defaults.alpha: "),
        ("[sets.s.flors]\nright = 0.8", "sets.s.flors: "),
        ('[sets.s]\nknown_wrong = ["boats"]', "the set has no critical sample 'boats'"),
    ],
)
def test_gates_that_cannot_be_meant_are_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_criteria(write_gates(tmp_path, text), ASKED.samples, {})
    assert says in str(caught.value)
    assert "gates.toml" in str(caught.value)


def test_judged_metrics_can_gate_whether_or_not_a_judge_is_installed() -> None:
    assert {*JUDGED_METRICS, "noise_sensitivity"} == set(JUDGED)


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A set without gates."""
    return write_gates(tmp_path, "")


@pytest.fixture
def report(asked: Path, tmp_path: Path) -> Report:
    """A run that says it was of that set."""
    found = run(make_plumbline(tmp_path / "data"), SAMPLES)
    of = replace(found.regression_set, sha256=read_set(asked).sha256)
    return replace(found, regression_set=of)


def test_a_baseline_keeps_what_a_comparison_needs_and_every_reason(
    asked: Path, report: Report
) -> None:
    accept(report, asked, why="the first\nrun", accepted=WHEN)
    accept(replace(report, run_id="second"), asked, why="better", accepted=WHEN)
    path = baseline_path(asked)
    kept = read_baseline(path)
    assert [(each.why, each.run_id) for each in kept.history] == [
        ("the first run", report.run_id),
        ("better", "second"),
    ]
    assert read_run(path) == kept.report
    assert kept.report.fingerprint == report.fingerprint
    for then, now in zip(report.samples, kept.report.samples, strict=True):
        assert (now.id, now.answer, now.status) == (then.id, then.answer, then.status)
        assert "answer_ms" not in now.values
        assert now.values["right"] == then.values["right"]
    lines = path.read_text().splitlines()
    assert sum(line.startswith('{"id": ') for line in lines) == len(SAMPLES)
    assert [each.name for each in path.parent.iterdir()] == ["s.json"]


def test_a_baseline_is_the_same_file_however_often_it_is_read_and_written(
    asked: Path, report: Report
) -> None:
    accept(report, asked, why="first", accepted=WHEN)
    once = read_run(baseline_path(asked))
    accept(once, asked, why="again", accepted=WHEN)
    assert read_run(baseline_path(asked)) == once


def test_what_is_no_baseline_is_not_accepted(asked: Path, report: Report) -> None:
    part = replace(report, regression_set=replace(report.regression_set, asked=3))
    other = replace(report, regression_set=replace(report.regression_set, sha256="1" * 64))
    lost = replace(report, verdict=Verdict(3, unmeasured=("hit@5: 0 of 2 measured (gone)",)))
    for bad, why, error, says in (
        (report, " \n", UsageError, "--why is empty"),
        (part, "x", UsageError, "asked 3 of 4 samples"),
        (other, "x", UsageError, "name its set by --set"),
        (lost, "x", NotMeasured, "could not measure hit@5: 0 of 2"),
    ):
        with pytest.raises(error, match=says):
            accept(bad, asked, why=why, accepted=WHEN)
    assert not baseline_path(asked).exists()


def test_a_broken_baseline_is_neither_read_nor_written_over(asked: Path, report: Report) -> None:
    path = baseline_path(asked)
    path.parent.mkdir()
    for text, says in (
        ('{"history": [', "is not a report: not JSON"),
        ('{"history": [], "report": {}}', "is not a report: schema"),
        ('{"report": {}}', "is not a baseline: history"),
    ):
        path.write_text(text)
        with pytest.raises(NotMeasured, match=says):
            accept(report, asked, why="x", accepted=WHEN)
        assert path.read_text() == text


def test_a_baseline_that_cannot_be_written_is_one_line(asked: Path, report: Report) -> None:
    (asked.parent / "baselines").write_text("a file")
    with pytest.raises((StorageError, NotMeasured), match="cannot be"):
        accept(report, asked, why="x", accepted=WHEN)


def test_a_report_its_folder_and_a_baseline_can_be_compared_with(
    asked: Path, report: Report, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    path.write_text(to_json(report))
    assert read_run(path) == read_run(tmp_path) == report
    with pytest.raises(NotMeasured, match="cannot be read"):
        read_run(tmp_path / "absent.json")


def test_a_value_that_is_missing_stays_missing_in_a_baseline(asked: Path, report: Report) -> None:
    first, *rest = report.samples
    first = replace(first, values=first.values | {"mrr": Missing("no search")})
    accept(replace(report, samples=(first, *rest)), asked, why="x", accepted=WHEN)
    assert read_run(baseline_path(asked)).samples[0].values["mrr"] == Missing("no search")
