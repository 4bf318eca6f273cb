"""The verdict of a run: what breaks it, what is a regression, and which exit code wins."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from evals.gates.criteria import default_criteria
from evals.gates.verdict import decide
from evals.metrics.table import METRICS
from evals.observing import Missing
from evals.reports.aggregates import aggregate_all, poorly_measured
from evals.reports.failures import find_failures
from evals.reports.record import Report, Value
from evals.samples.sample import RegressionSet
from tests.evals.test_running import CLOSE_MISS, LEAVE, SAMPLES, run
from tests.small_corpus import make_plumbline

DEFAULTS = default_criteria()
NO_FLOORS = replace(DEFAULTS, floors={}, least_drops={"right": 0.03})
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
    samples = tuple(
        replace(first, id=f"q-{n}", critical=False, values=first.values | {"right": value})
        for n, value in enumerate(values)
    )
    return replace(report, samples=samples, aggregates=aggregate_all(samples, METRICS))


def test_a_run_whose_floors_hold_passes(report: Report) -> None:
    found = decide(report, DEFAULTS)
    assert (found.exit_code, found.reasons) == (0, ())
    assert found.floors == {"right": 0.5, "evidence_present": 1.0}


def test_a_mean_below_its_floor_breaks_the_run_and_one_equal_to_it_does_not(
    report: Report,
) -> None:
    assert report.aggregates["right"].mean == 0.75
    equal = decide(report, replace(DEFAULTS, floors={"right": 0.75}))
    assert equal.exit_code == 0
    below = decide(report, replace(DEFAULTS, floors={"right": 0.76}))
    assert (below.exit_code, below.broken) == (2, ("right is 0.750, its floor 0.76",))


def test_a_slice_has_floors_of_its_own(report: Report) -> None:
    floors = {"t": {"right": 1.0}, "close-miss": {"right": 0.5}}
    found = decide(report, replace(NO_FLOORS, slice_floors=floors))
    assert found.broken == ("right of close-miss is 0.000, its floor 0.5",)


def test_a_critical_sample_that_is_not_right_breaks_the_run_unless_it_is_known(
    report: Report,
) -> None:
    wrong = with_values(report, {"boats": 0.0}, critical=True)
    found = decide(wrong, NO_FLOORS)
    assert (found.exit_code, found.broken) == (2, ("critical and not right: boats",))
    known = replace(NO_FLOORS, known_wrong=frozenset({"boats"}))
    assert decide(wrong, known).exit_code == 0


def test_a_sample_known_to_be_wrong_that_is_right_is_told(report: Report) -> None:
    criteria = replace(NO_FLOORS, known_wrong=frozenset({"leave"}))
    found = decide(report, criteria)
    assert found.exit_code == 0
    assert found.notes == ("leave is right now: take it out of known_wrong",)


def test_a_critical_sample_without_a_value_is_not_measured(report: Report) -> None:
    lost = with_values(report, {"leave": Missing("no answer: broke off")}, critical=True)
    found = decide(lost, DEFAULTS)
    assert found.exit_code == 3
    assert found.unmeasured == ("critical sample leave: no answer: broke off",)


def test_one_reason_for_many_metrics_is_one_line(report: Report) -> None:
    gone = Missing("no search result: " + "x" * 2000)
    samples = [
        replace(s, values=dict.fromkeys(s.values, gone) | {"right": 1.0}) for s in report.samples
    ]
    lines = poorly_measured(aggregate_all(samples, METRICS), samples, 0.9)
    assert all(len(line) < 600 for line in lines)
    assert len({line.split(":")[-1] for line in lines}) == 1
    assert lines[0].startswith("evidence_present, evidence_recall@2000, ")
    assert "0 of 2 measured (no search result: xxx" in lines[0]


def test_the_highest_exit_code_that_applies_is_the_runs(report: Report) -> None:
    before = many(report, right=12, wrong=0)
    worse = many(report, right=4, wrong=8)
    criteria = replace(NO_FLOORS, baseline=before)
    assert decide(worse, criteria).exit_code == 1
    assert decide(worse, replace(criteria, floors={"right": 0.5})).exit_code == 2
    lacking = [replace(s, values=s.values | {"hit@5": Missing("no search")}) for s in worse.samples]
    unmeasured = replace(worse, samples=tuple(lacking), aggregates=aggregate_all(lacking, METRICS))
    assert decide(unmeasured, replace(criteria, floors={"right": 0.5})).exit_code == 3


@pytest.mark.parametrize(("lost", "code"), [(5, 0), (6, 1)])
def test_more_losses_than_chance_explains_are_a_regression(
    lost: int, code: int, report: Report
) -> None:
    before, now = many(report, right=20, wrong=0), many(report, right=20 - lost, wrong=lost)
    assert decide(now, replace(NO_FLOORS, baseline=before)).exit_code == code
    assert decide(before, replace(NO_FLOORS, baseline=now)).exit_code == 0


def test_a_drop_that_is_less_than_the_least_is_no_regression(report: Report) -> None:
    criteria = replace(NO_FLOORS, baseline=many(report, right=300, wrong=0))
    now = many(report, right=291, wrong=9)
    assert decide(now, replace(criteria, least_drops={"right": 0.031})).exit_code == 0
    found = decide(now, replace(criteria, least_drops={"right": 0.03}))
    assert found.regressions == (
        f"right fell from 1.000 to 0.970 since {report.run_id} (300 samples, adjusted p = 0.0039)",
    )


def test_a_critical_sample_that_was_right_is_a_regression_alone(report: Report) -> None:
    now = with_values(report, {"leave": 0.0}, critical=True)
    known = replace(NO_FLOORS, known_wrong=frozenset({"leave"}), baseline=report)
    found = decide(now, known)
    assert found.exit_code == 1
    assert found.regressions == (f"critical samples that were right in {report.run_id}: leave",)


def test_too_few_pairs_of_a_metric_that_gates_are_not_measured(report: Report) -> None:
    """Each run has nine tenths of its values, both together have not."""
    before, now = many(report, right=20, wrong=0), many(report, right=20, wrong=0)

    def without(run: Report, *numbers: int) -> Report:
        samples = list(run.samples)
        for n in numbers:
            values = samples[n].values | {"right": Missing("no answer")}
            samples[n] = replace(samples[n], values=values)
        return replace(run, samples=tuple(samples), aggregates=aggregate_all(samples, METRICS))

    found = decide(without(now, 0, 1), replace(NO_FLOORS, baseline=without(before, 2, 3)))
    assert found.exit_code == 3
    assert found.unmeasured == ("the change of right: 16 of 20 measured in both runs",)
    same = decide(without(now, 0, 1), replace(NO_FLOORS, baseline=without(before, 0, 1)))
    assert same.exit_code == 0


def test_a_metric_that_gates_and_was_defined_otherwise_is_not_measured(report: Report) -> None:
    other = {"right": replace(report.metrics["right"], definition="something else")}
    before = replace(report, metrics=report.metrics | other)
    found = decide(report, replace(NO_FLOORS, baseline=before))
    assert found.exit_code == 3
    assert found.unmeasured[0].startswith("the change of right: no value in both runs, or defined")
    assert decide(report, replace(NO_FLOORS, baseline=before, least_drops={})).exit_code == 0


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


def test_the_close_miss_that_is_answered_is_what_is_not_right(report: Report) -> None:
    (failure,) = find_failures(report)
    assert failure.sample.id == CLOSE_MISS.id
    assert failure.how == "answered, though the documents do not"
