"""The verdict of a run: what breaks it, what is a regression, and which exit code wins."""

from collections.abc import Mapping
from dataclasses import replace
from math import comb
from pathlib import Path

import pytest

from evals.__main__ import HANDBOOK
from evals.gates.criteria import (
    DEFAULT_FLOORS,
    JUDGED_METRICS,
    Criteria,
    floors_path,
    read_baseline,
    read_floors,
)
from evals.gates.verdict import compare, decide, mcnemar
from evals.judging.ragas_metrics import JUDGED
from evals.metrics.aggregates import aggregate_all, poorly_measured
from evals.metrics.table import METRICS
from evals.observing import Missing
from evals.reports.failures import find_failures, find_weakest
from evals.reports.record import Report, SampleRecord, Value, to_json
from evals.samples.reading import read_set
from evals.samples.sample import RegressionSet
from rag.errors import NotMeasured, UsageError
from tests.evals.test_running import CLOSE_MISS, LEAVE, SAMPLES, run
from tests.small_corpus import make_plumbline

NO_FLOORS = Criteria(floors={})
ASKED = RegressionSet("s.jsonl", "0" * 64, (replace(LEAVE, critical=True), *SAMPLES[1:]))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A run of four samples, of which the close miss is not right."""
    return run(make_plumbline(tmp_path_factory.mktemp("data")), ASKED.samples)


def with_values(report: Report, values: Mapping[str, Value], *, critical: bool = False) -> Report:
    """The report with `values` as the `right` of samples by id; others are right."""
    samples = tuple(
        replace(
            sample,
            critical=critical and sample.id in values,
            values=sample.values | {"right": values.get(sample.id, 1.0)},
        )
        for sample in report.samples
    )
    return replace(report, samples=samples)


def many(report: Report, right: int, wrong: int) -> Report:
    """A report of so many right samples before so many wrong ones."""
    values = [1.0] * right + [0.0] * wrong
    first = report.samples[0]
    samples = [
        replace(first, id=f"q-{n}", critical=False, values=first.values | {"right": value})
        for n, value in enumerate(values)
    ]
    return replace(report, samples=tuple(samples))


def exit_code(samples: tuple[SampleRecord, ...], criteria: Criteria) -> int:
    """What is decided on these samples."""
    return decide(samples, aggregate_all(samples, METRICS), criteria).exit_code


def test_a_run_whose_floors_hold_passes(report: Report) -> None:
    found = decide(report.samples, report.aggregates, Criteria())
    assert (found.exit_code, found.reasons) == (0, ())
    assert found.floors == DEFAULT_FLOORS


def test_a_mean_below_its_floor_breaks_the_run_and_one_equal_to_it_does_not(
    report: Report,
) -> None:
    assert report.aggregates["right"].mean == 0.75
    equal = decide(report.samples, report.aggregates, Criteria({"right": 0.75}))
    assert equal.exit_code == 0
    below = decide(report.samples, report.aggregates, Criteria({"right": 0.76}))
    assert (below.exit_code, below.broken) == (2, ("right is 0.750, its floor 0.76",))


def test_a_critical_sample_that_is_not_right_breaks_the_run_unless_it_is_known(
    report: Report,
) -> None:
    wrong = with_values(report, {"boats": 0.0}, critical=True).samples
    found = decide(wrong, report.aggregates, NO_FLOORS)
    assert (found.exit_code, found.broken) == (2, ("critical and not right: boats",))
    assert exit_code(wrong, replace(NO_FLOORS, known_wrong=frozenset({"boats"}))) == 0


def test_a_sample_known_to_be_wrong_that_is_right_is_told(report: Report) -> None:
    criteria = replace(NO_FLOORS, known_wrong=frozenset({"leave"}))
    found = decide(report.samples, report.aggregates, criteria)
    assert found.exit_code == 0
    assert found.notes == ("leave is right now: take it out of known_wrong",)


def test_a_critical_sample_without_a_value_is_not_measured(report: Report) -> None:
    lost = with_values(report, {"leave": Missing("no answer: broke off")}, critical=True).samples
    found = decide(lost, {}, Criteria())
    assert found.exit_code == 3
    assert found.unmeasured == ("critical sample leave: no answer: broke off",)


def test_one_reason_for_many_metrics_is_one_line(report: Report) -> None:
    gone = Missing("no search result: " + "x" * 2000)
    samples = [
        replace(s, values=dict.fromkeys(s.values, gone) | {"right": 1.0}) for s in report.samples
    ]
    lines = poorly_measured(aggregate_all(samples, METRICS), samples)
    assert all(len(line) < 600 for line in lines)
    assert len({line.split(":")[-1] for line in lines}) == 1
    assert lines[0].startswith("evidence_present, evidence_recall@2000, ")
    assert "0 of 2 measured (no search result: xxx" in lines[0]


def test_the_highest_exit_code_that_applies_is_the_runs(report: Report) -> None:
    before = many(report, right=12, wrong=0)
    worse = many(report, right=4, wrong=8).samples
    assert exit_code(worse, replace(NO_FLOORS, baseline=before)) == 1
    assert exit_code(worse, Criteria({"right": 0.5}, baseline=before)) == 2
    unmeasured = tuple(replace(s, values=s.values | {"hit@5": Missing("no search")}) for s in worse)
    assert exit_code(unmeasured, Criteria({"right": 0.5}, baseline=before)) == 3


@pytest.mark.parametrize(("lost", "code"), [(5, 0), (6, 1)])
def test_more_losses_than_chance_explains_are_a_regression(
    lost: int, code: int, report: Report
) -> None:
    before, now = many(report, right=20, wrong=0), many(report, right=20 - lost, wrong=lost)
    criteria = replace(NO_FLOORS, baseline=before)
    assert exit_code(now.samples, criteria) == code
    assert exit_code(before.samples, replace(NO_FLOORS, baseline=now)) == 0


def test_a_critical_sample_that_was_right_is_a_regression_alone(report: Report) -> None:
    now = with_values(report, {"leave": 0.0}, critical=True).samples
    known = replace(NO_FLOORS, known_wrong=frozenset({"leave"}), baseline=report)
    found = decide(now, report.aggregates, known)
    assert found.exit_code == 1
    assert found.regressions == (f"critical samples that were right in {report.run_id}: leave",)


def test_samples_without_a_value_then_or_now_are_not_compared(report: Report) -> None:
    before = with_values(report, {"leave": Missing("x"), "boats": 0.0})
    now = with_values(report, {"leave": 0.0, "off": Missing("x"), "close": 0.0})
    found = compare(now.samples, before)
    assert (found.lost, found.gained, found.p) == (("close",), ("boats",), 1.0)


@pytest.mark.parametrize("lost", range(9))
@pytest.mark.parametrize("gained", range(9))
def test_mcnemar_counts_the_splits_that_are_as_uneven(lost: int, gained: int) -> None:
    changes = lost + gained
    splits = {k: comb(changes, k) for k in range(changes + 1)}
    uneven = sum(n for k, n in splits.items() if abs(2 * k - changes) >= abs(lost - gained))
    assert mcnemar(lost, gained) == pytest.approx(uneven / 2**changes)


def test_wrong_answers_come_first_and_the_critical_ones_before_the_others(
    report: Report,
) -> None:
    first = report.samples[0]
    values = first.values | {"right": 0.0}
    wrong = replace(first, id="wrong", critical=False, values=values)
    gone = replace(wrong, id="gone", values=values | {"evidence_present": 0.0})
    abstained = replace(wrong, id="abstained", status="abstained")
    samples = (
        replace(wrong, id="invented", kind="close-miss"),
        abstained,
        replace(gone, id="abstained-gone", status="abstained"),
        replace(abstained, id="critical-abstained", critical=True),
        gone,
        wrong,
        replace(wrong, id="critical-wrong", critical=True),
        *report.samples[:3],
    )
    changed = replace(report, samples=samples)
    assert [failure.sample.id for failure in find_failures(changed)] == [
        "critical-wrong",
        "wrong",
        "gone",
        "critical-abstained",
        "abstained",
        "abstained-gone",
        "invented",
    ]
    weakest = [sample.id for _, sample in find_weakest(changed, 20)]
    assert set(weakest) <= {"leave", "boats", "off"}


def write_floors(tmp_path: Path, text: str) -> Path:
    """The floors of `s.jsonl`."""
    path = floors_path(tmp_path / "s.jsonl")
    path.write_text(text)
    return path


def test_floors_are_the_defaults_then_the_files_then_those_given(tmp_path: Path) -> None:
    path = write_floors(tmp_path, 'known_wrong = ["leave"]\n[floors]\nright = 0.7\n"hit@5" = 0.9\n')
    assert path.name == "s.floors.toml"
    criteria = read_floors(path, ASKED, {"hit@5": 0.8, "faithfulness": 0.6})
    assert criteria.known_wrong == {"leave"}
    assert criteria.floors == {
        "evidence_present": 1.0,
        "right": 0.7,
        "hit@5": 0.8,
        "faithfulness": 0.6,
    }
    assert read_floors(tmp_path / "absent.toml", ASKED, {}) == Criteria()


def test_a_part_of_a_set_has_the_default_floors_and_those_given(tmp_path: Path) -> None:
    path = write_floors(tmp_path, "[floors]\nright = 0.9\nmrr = 0.9\n")
    part = read_floors(path, ASKED, {"hit@5": 0.8}, is_whole=False)
    assert part.floors == {**DEFAULT_FLOORS, "hit@5": 0.8}


def test_the_example_set_has_floors_that_can_be_meant() -> None:
    criteria = read_floors(floors_path(HANDBOOK), read_set(HANDBOOK), {})
    assert criteria.floors["evidence_present"] == 1.0
    assert criteria.floors["right"] > DEFAULT_FLOORS["right"]
    assert criteria.known_wrong


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("floors = ", "is not TOML"),
        ("[floors]\nrihgt = 0.5", "no floor for 'rihgt': there is for right, "),
        ("[floors]\nanswer_ms = 0.5", "no floor for 'answer_ms'"),
        ("[floors]\nright = 80", "floors.right: "),
        ("[flors]\nright = 0.8", "flors: "),
        ('known_wrong = ["boats"]', "known_wrong: s.jsonl has no critical sample 'boats'"),
    ],
)
def test_floors_that_cannot_be_meant_are_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_floors(write_floors(tmp_path, text), ASKED, {})
    assert says in str(caught.value)
    assert "s.floors.toml" in str(caught.value)


def test_judged_metrics_have_floors_whether_or_not_a_judge_is_installed() -> None:
    assert set(JUDGED_METRICS) == set(JUDGED)


def test_a_baseline_is_a_report_of_the_same_set_and_samples(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(to_json(report))
    ids = [sample.id for sample in ASKED.samples]
    assert read_baseline(path, ASKED, ids) == read_baseline(tmp_path, ASKED, ids[:2]) == report
    with pytest.raises(UsageError, match=r"measured on s\.jsonl 000.*asks other\.jsonl 111"):
        read_baseline(path, RegressionSet("other.jsonl", "1" * 64, ASKED.samples), ids)
    with pytest.raises(UsageError, match="was not asked 1 of these samples, late first"):
        read_baseline(path, ASKED, [*ids, "late"])
    with pytest.raises(NotMeasured, match="cannot be read"):
        read_baseline(tmp_path / "absent.json", ASKED, ids)


def test_the_close_miss_that_is_answered_is_what_is_not_right(report: Report) -> None:
    (failure,) = find_failures(report)
    assert failure.sample.id == CLOSE_MISS.id
    assert failure.how == "answered, though the documents do not"
