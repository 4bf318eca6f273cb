"""Two runs of one set: what is refused, what changed, and what became of each question."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.comparing.comparison import compare
from evals.metrics.table import METRICS
from evals.observing import Missing
from evals.reports.aggregates import aggregate_all
from evals.reports.decision import Change, Comparison
from evals.reports.record import JudgeRecord, MetricRecord, Report, Value
from rag.errors import UsageError
from tests.evals.test_running import SAMPLES, run
from tests.small_corpus import make_plumbline

JUDGE = JudgeRecord(True, "", "judge-1", "http://localhost/v1", 3, version="ragas 1")
FAITHFULNESS = MetricRecord("share", "share of statements", judged=True)
LEAST_DROPS = {"right": 0.03, "mrr": 0.02, "faithfulness": 0.02}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A run of the samples leave, boats, off and close; close is not right."""
    return run(make_plumbline(tmp_path_factory.mktemp("data")), SAMPLES)


def changed(report: Report, values: dict[str, dict[str, Value]]) -> Report:
    """A later run with these values of samples by id."""
    samples = tuple(
        replace(
            sample, values=sample.values | values.get(sample.id, {}), answer=f"new {sample.answer}"
        )
        for sample in report.samples
    )
    aggregates = aggregate_all(samples, [*METRICS, "faithfulness"])
    return replace(report, run_id="later", samples=samples, aggregates=aggregates)


def judged(report: Report, values: dict[str, Value]) -> Report:
    """The run with a judge's values of faithfulness by sample id."""
    metrics = report.metrics | {"faithfulness": FAITHFULNESS}
    found = changed(report, {id_: {"faithfulness": value} for id_, value in values.items()})
    return replace(found, metrics=metrics, judge=JUDGE)


def compare_runs(before: Report, after: Report) -> Comparison:
    """The comparison at the usual alpha."""
    return compare(before, after, LEAST_DROPS, alpha=0.05)


def test_a_run_is_as_good_as_itself(report: Report) -> None:
    found = compare_runs(report, report)
    assert (found.changes, found.samples, found.uncompared, found.notes) == ((), (), (), ())
    assert set(found.metrics) == {n for n, m in METRICS.items() if m.unit == "share"} & set(
        report.aggregates
    )
    right = found.metrics["right"]
    assert (right.n, right.before, right.after, right.difference) == (4, 0.75, 0.75, 0.0)
    assert (right.p, right.adjusted_p, right.low, right.high) == (1.0, 1.0, 0.0, 0.0)
    assert found.metrics["hit@5"].adjusted_p is None
    assert not any(each.regressed for each in found.metrics.values())


def test_another_set_judge_or_sample_is_refused(report: Report) -> None:
    other = replace(report.regression_set, sha256="1" * 64)
    with pytest.raises(UsageError, match=r"on s\.jsonl 000.*on s\.jsonl 111.*the same set"):
        compare_runs(report, replace(report, regression_set=other))
    ours = replace(report, judge=JUDGE)
    for judge, says in (
        (replace(JUDGE, model="judge-2"), "model 'judge-1', this one with 'judge-2'"),
        (replace(JUDGE, base_url="http://other/v1"), "base_url"),
        (replace(JUDGE, version="ragas 2"), "version 'ragas 1', this one with 'ragas 2'"),
    ):
        with pytest.raises(UsageError, match=says):
            compare_runs(ours, replace(report, judge=judge))
    with pytest.raises(UsageError, match="not asked 1 of these samples, close first"):
        compare_runs(replace(report, samples=report.samples[:3]), report)


def test_another_release_model_or_setting_is_compared_and_named(report: Report) -> None:
    assert report.fingerprint is not None
    made_by = replace(report.fingerprint, chat_model="m-2", prompt="p@1", release="small@2")
    after = replace(report, release=2, content_hash="f" * 64, fingerprint=made_by)
    names = {each.name: each for each in compare_runs(report, after).changes}
    assert names["release"] == Change("release", "small@1", "small@2")
    assert names["chat model"] == Change("chat model", "none", "m-2")
    assert names["prompt"].after == "p@1"
    assert names["content"].after == "f" * 12
    assert len(names) == 4
    unanswered = compare_runs(report, replace(report, fingerprint=None)).changes
    assert {each.after for each in unanswered} == {"none"}


def test_questions_are_told_worst_first_with_both_answers(report: Report) -> None:
    before = changed(report, {"off": {"right": 0.0}, "boats": {"mrr": 0.5}})
    after = changed(
        report,
        {
            "leave": {"mrr": 0.5, "hit@1": 0.0},
            "boats": {"right": 0.0, "mrr": 0.5},
            "close": {"search_ms": 9e9},
        },
    )
    found = compare_runs(before, after)
    assert [(each.id, each.fate) for each in found.samples] == [
        ("boats", "lost"),
        ("leave", "worse"),
        ("off", "gained"),
    ]
    leave = found.having("worse")[0]
    assert leave.values == {"mrr": (1.0, 0.5), "hit@1": (1.0, 0.0)}
    by_id = {sample.id: sample for sample in report.samples}
    assert leave.before == leave.after == f"new {by_id['leave'].answer}"
    assert leave.question == by_id["leave"].question


def test_a_critical_loss_comes_before_others(report: Report) -> None:
    critical = tuple(replace(each, critical=each.id == "off") for each in report.samples)
    after = changed(
        replace(report, samples=critical),
        {"off": {"right": 0.0}, "leave": {"right": 0.0, "mrr": 0.0}},
    )
    assert [each.id for each in compare_runs(report, after).samples] == ["off", "leave"]


def test_what_is_missing_or_applies_once_is_counted_and_not_compared(report: Report) -> None:
    before = judged(report, {"leave": 1.0, "boats": Missing("x"), "close": 0.5})
    after = judged(report, {"leave": 0.5, "boats": 0.0, "off": 1.0})
    faithfulness = compare_runs(before, after).metrics["faithfulness"]
    assert (faithfulness.n, faithfulness.missing, faithfulness.alone) == (1, 1, 2)
    assert (faithfulness.before, faithfulness.after) == (1.0, 0.5)


def test_what_one_run_alone_measured_is_told(report: Report) -> None:
    found = compare_runs(judged(report, {"leave": 1.0}), report)
    assert "faithfulness" not in found.metrics
    assert found.notes == ("measured in run later alone: faithfulness",)
    assert Change("judge", "judge-1", "none") in found.changes


def test_a_metric_that_was_defined_otherwise_is_told_and_not_compared(report: Report) -> None:
    other = replace(report.metrics["mrr"], definition="something else")
    found = compare_runs(replace(report, metrics=report.metrics | {"mrr": other}), report)
    assert "mrr" not in found.metrics
    assert found.uncompared == ("mrr",)


def test_a_metric_without_a_value_in_both_runs_is_told_and_not_compared(report: Report) -> None:
    before = judged(report, {"leave": Missing("x"), "boats": 1.0})
    found = compare_runs(before, judged(report, {"leave": 1.0, "boats": Missing("x")}))
    assert "faithfulness" not in found.metrics
    assert found.uncompared == ("faithfulness",)


def test_samples_that_are_not_asked_again_are_told(report: Report) -> None:
    found = compare_runs(report, replace(report, samples=report.samples[:2]))
    assert found.metrics["right"].n == 2
    assert found.notes == (f"2 samples of run {report.run_id} were not asked again",)


def test_a_metric_of_which_nothing_changed_does_not_weigh_on_the_others(report: Report) -> None:
    """Six lost of twenty have a p of .031: alone below .05, corrected for two not."""
    first = report.samples[0]

    def many(right: list[float], mrr: list[float]) -> Report:
        samples = tuple(
            replace(first, id=f"q-{n}", values={"right": x, "mrr": y})
            for n, (x, y) in enumerate(zip(right, mrr, strict=True))
        )
        return replace(report, samples=samples, aggregates=aggregate_all(samples, METRICS))

    before = many([1.0] * 20, [1.0] * 20)
    lost = [0.0] * 6 + [1.0] * 14
    assert compare_runs(before, many(lost, [1.0] * 20)).metrics["right"].regressed
    both = compare_runs(before, many(lost, [0.9] + [1.0] * 19)).metrics
    assert both["right"].adjusted_p == pytest.approx(2 * both["right"].p)
    assert not both["right"].regressed
    assert not both["mrr"].regressed


def test_worst_metrics_are_regressions_then_those_that_gate(report: Report, tmp_path: Path) -> None:
    after = changed(report, {"leave": {"mrr": 0.9, "hit@1": 0.0}, "boats": {"mrr": 0.0}})
    names = [name for name, _ in compare_runs(report, after).worst_metrics()]
    assert names == ["mrr", "right", "hit@1"]
