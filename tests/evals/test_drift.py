"""Drift between two windows: what alarms, what does not, and what cannot be told."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom  # type: ignore[import-untyped]  # ships no types

from evals.drift.canaries import compare_hits
from evals.drift.detectors import DETECTORS, LEAST, detect
from evals.drift.drifting import compare_windows
from evals.drift.findings import DriftReport, Finding
from evals.drift.sources import compare_releases, find_old_sources
from evals.drift.windows import MOST_COMPARED, Period, Window, choose_periods, draw_window, read_log
from evals.reports.record import Report
from evals.samples.reading import read_set
from evals.statistics.discrepancy import squared_distances
from evals.statistics.paired import Numbers
from rag.adapters.embedding.weights import MINILM
from rag.bootstrap import load_embedder
from rag.domain import DocumentRef
from rag.errors import NotMeasured, UsageError
from rag.journal.exchange import Exchange, KeptHit
from rag.ports import Embedder
from rag.settings import load_settings
from tests.evals.test_running import SAMPLES, run
from tests.small_corpus import make_plumbline

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETS = Path(__file__).parents[2] / "evals" / "sets"
Rows = NDArray[np.int_]
PERIOD = Period("2026-11-01T00:00:00+00:00", "2026-11-08T00:00:00+00:00")
BOATS = [f"How many passengers does boat number {n} carry to the islands?" for n in range(150)]
PENSIONS = [
    f"{ask} {when}?"
    for ask in (
        "Which pension do I get",
        "How much does the company pay into my pension",
        "Can I take my pension fund with me",
        "Who tells me about the state of my pension",
        "Is the pension taxed",
    )
    for when in ("when I retire at 63", "after ten years of part-time work", "if I move abroad")
]


@lru_cache
def embedder() -> Embedder:
    return load_embedder(load_settings({}), MINILM)


@lru_cache
def asked_about() -> dict[str, str]:
    """The folder of the documents that each question of the example sets is about."""
    samples = [
        sample
        for name in ("handbook", "asked-tuning", "asked-testing")
        for sample in read_set(SETS / f"{name}.jsonl").samples
    ]
    return {s.question: s.evidence[0].source.split("/")[0] for s in samples if s.evidence}


def exchange(question: str, **values: object) -> Exchange:
    return replace(Exchange(PERIOD.start, question, status="answered"), **values)  # type: ignore[arg-type]  # fields by name


def window(exchanges: list[Exchange]) -> Window:
    return Window(PERIOD, tuple(exchanges), len(exchanges))


def compare(before: list[Exchange], after: list[Exchange]) -> DriftReport:
    return compare_windows("c", window(before), window(after), embedder(), {})


def by_name(report: DriftReport) -> dict[str, Finding]:
    return {finding.name: finding for finding in report.findings}


@lru_cache
def distances() -> Numbers:
    vectors = embedder().embed_queries([*asked_about()]).astype(np.float64)
    return squared_distances(vectors)


def alarms(before: Rows, after: Rows) -> set[str]:
    """The detectors that alarm, were these questions of the example sets two windows."""
    asked = [exchange(each, confidence=len(each) % 7 / 7) for each in asked_about()]
    rows = np.concatenate([before, after])
    windows = [[asked[row] for row in part] for part in (before, after)]
    found = detect(windows[0], windows[1], distances()[np.ix_(rows, rows)])
    return {finding.name for finding in found if finding.alarm}


def test_windows_of_the_same_questions_alarm_as_seldom_as_stated() -> None:
    """The short form of `python -m evals.bench --only drift`."""
    draws = [np.random.default_rng(seed).permutation(len(asked_about())) for seed in range(25)]
    false = sum(bool(alarms(drawn[:200], drawn[200:400])) for drawn in draws)
    assert false <= binom.ppf(0.975, 25, 0.05)


def test_a_changed_topic_is_found() -> None:
    """Half of the later window asks about another folder of the same handbook."""
    is_new = np.array([topic == "customers" for topic in asked_about().values()])
    found = 0
    for seed in range(10):
        generator = np.random.default_rng(seed)
        old, new = (generator.permutation(np.flatnonzero(each)) for each in (~is_new, is_new))
        later = np.concatenate([new[:100], old[200:300]])
        found += bool(alarms(old[:200], later) & {"questions", "novel"})
    assert found >= 9


CHANGES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "confidence": ({"confidence": 0.9}, {"confidence": 0.2}),
    "best_score": ({"hits": (KeptHit("d", "c", 0.9),)}, {"hits": (KeptHit("d", "c", 0.3),)}),
    "no_hits": ({"hits": (KeptHit("d", "c", 0.9),)}, {"hits": ()}),
    "abstained": ({"status": "answered"}, {"status": "abstained"}),
    "partial": ({"status": "answered"}, {"status": "partial"}),
    "doubtful": ({"verdicts": {"supported": 1}}, {"verdicts": {"supported": 1, "differs": 1}}),
    "answer_length": ({"characters": 100}, {"characters": 400}),
    "latency": ({"timings_ms": {"total": 100.0}}, {"timings_ms": {"total": 200.0}}),
    "search_latency": ({"timings_ms": {"search": 5.0}}, {"timings_ms": {"search": 9.0}}),
    "disliked": ({"rating": 1}, {"rating": -1}),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_each_detector_sees_its_change_alone(name: str) -> None:
    before, after = CHANGES[name]
    report = compare(
        [exchange(each, **before) for each in BOATS],
        [exchange(each, **(before if n % 3 else after)) for n, each in enumerate(BOATS)],
    )
    assert [each.name for each in report.findings if each.alarm] == [name]
    assert report.exit_code == 1
    same = [exchange(each, **before) for each in BOATS]
    assert compare(same, same).exit_code == 0


def test_too_few_questions_are_insufficient_data() -> None:
    few = [exchange(each) for each in BOATS[: LEAST - 1]]
    report = compare([exchange(each) for each in BOATS], few)
    assert report.exit_code == 3
    assert by_name(report)["questions"].note == (
        f"insufficient data: 150 and {LEAST - 1} values, {LEAST} each are needed"
    )
    assert compare([], []).exit_code == 3


def test_a_follow_up_says_not_what_is_asked_about() -> None:
    before = [exchange(each) for each in BOATS]
    vague = [exchange(each, is_follow_up=True) for each in PENSIONS * 6]
    assert compare(before, [*before, *vague]).exit_code == 0
    assert by_name(compare(before, [*before, *vague]))["questions"].current_n == len(BOATS)


def test_examples_are_the_questions_that_are_new() -> None:
    before = [exchange(each) for each in BOATS]
    report = compare(before, [*before[:100], *(exchange(each) for each in PENSIONS)])
    assert {finding.name for finding in report.findings if finding.alarm} >= {"questions", "novel"}
    assert set(report.examples) <= set(PENSIONS)


def test_a_topic_without_a_source_is_named_where_it_rises() -> None:
    before = [exchange(each) for each in asked_about()][:200]
    cats = [f"May I bring {n} cats into the cabin of the night ferry?" for n in range(8)]
    before += [exchange(each, status="abstained") for each in cats]
    after = [exchange(each) for each in asked_about()][200:400]
    after += [exchange(each, status="abstained") for each in (*PENSIONS, *cats[:6])]
    topics = compare(before, after).topics
    assert "pension" in topics[0].words
    assert topics[0].rise.low > 0
    assert (topics[0].reference, topics[0].current) >= (0, 10)
    assert topics[0].examples[0] in PENSIONS
    assert "cats" in topics[-1].words
    assert (topics[-1].reference, topics[-1].current) == (8, 6)


def test_old_and_replaced_sources_are_listed_by_citations() -> None:
    documents = [
        DocumentRef("a", "v", "old.md", "Old", date="2024"),
        DocumentRef("b", "v", "new.md", "New", date="2026-03"),
        DocumentRef("c", "v", "replaced.md", "Replaced", superseded_by="b"),
        DocumentRef("d", "v", "undated.md", "Undated"),
        DocumentRef("e", "v", "uncited.md", "Uncited", date="1999"),
    ]
    cited = [exchange("q", cited=ids) for ids in (("a", "b"), ("a", "c"), ("c", "d"), ("c", "x"))]
    found = find_old_sources(cited, documents, date(2026, 11, 22))
    assert [(each.source, each.citations, each.superseded_by) for each in found] == [
        ("replaced.md", 3, "new.md"),
        ("old.md", 2, ""),
    ]


def test_what_changed_in_the_corpus_is_told_by_source() -> None:
    before = [DocumentRef(each, "1", f"{each}.md", each) for each in "abc"]
    after = [replace(before[0], version="2"), before[1], DocumentRef("d", "1", "d.md", "d")]
    change = compare_releases(3, 5, {3: before, 5: after})
    assert (change.added, change.removed, change.changed) == (("d.md",), ("c.md",), ("a.md",))
    assert compare_releases(2, 5, {5: after}).note == "release 2 is no longer kept"


def test_the_periods_are_the_last_week_and_the_four_before() -> None:
    reference, current = choose_periods(None, None, NOW)
    assert (reference.start[:10], reference.end) == ("2026-10-18", current.start)
    assert (current.start[:10], current.end) == ("2026-11-15", NOW.isoformat())
    reference, current = choose_periods(None, "2026-11-08..2026-11-09", NOW)
    assert (current.start[:10], current.end[:10]) == ("2026-11-08", "2026-11-10")
    assert reference.end == current.start


@pytest.mark.parametrize(
    ("reference", "current", "complaint"),
    [
        ("yesterday", None, "is not FROM..TO"),
        ("2026-11-01..2026-10-01", None, "ends before it begins"),
        ("2026-11-01..2026-11-08", "2026-11-08..2026-11-09", "overlap"),
    ],
)
def test_periods_that_cannot_be_meant_are_refused(
    reference: str, current: str | None, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        choose_periods(reference, current, NOW)


def test_much_that_was_asked_is_drawn_from_repeatably() -> None:
    many = [exchange(f"{n}?") for n in range(2 * MOST_COMPARED)]
    drawn = draw_window(PERIOD, [*many, replace(many[0], asked=PERIOD.end)])
    assert (len(drawn.exchanges), drawn.of) == (MOST_COMPARED, 2 * MOST_COMPARED)
    assert drawn == draw_window(PERIOD, many)


def test_a_log_of_another_service_is_read_with_its_times_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines: list[dict[str, object]] = [
        {"asked": "2026-11-01T01:00:00+02:00", "question": "a?", "other": 1},
        {"asked": "2026-11-01", "question": "b?", "corpus": "c", "rating": -1},
        {"asked": "2026-11-01", "question": "elsewhere?", "corpus": "d"},
    ]
    path.write_text("\n\n".join(json.dumps(line) for line in lines))
    found = read_log(path, "c")
    assert [(each.asked[:16], each.question, each.rating) for each in found] == [
        ("2026-10-31T23:00", "a?", None),
        ("2026-11-01T00:00", "b?", -1),
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return run(make_plumbline(tmp_path_factory.mktemp("data")), SAMPLES)


def test_canaries_tell_whose_best_hits_moved(report: Report) -> None:
    assert compare_hits(report, report).overlap == 1.0
    first = report.samples[0]
    moved = replace(first, hits=first.hits[1:])
    later = replace(report, run_id="later", samples=(moved, *report.samples[1:]))
    found = compare_hits(report, later)
    share = len(first.hits[1:]) / len(first.hits)
    assert dict(found.moved) == {first.question: pytest.approx(share)}
    assert found.overlap == pytest.approx(1 - (1 - share) / found.questions)
    assert (found.before, found.after) == (report.run_id, "later")


def test_canaries_of_another_set_or_without_hits_are_refused(report: Report) -> None:
    other = replace(report, regression_set=replace(report.regression_set, name="other.jsonl"))
    with pytest.raises(UsageError, match="name two runs of one set"):
        compare_hits(report, other)
    without = replace(report, samples=tuple(replace(each, hits=()) for each in report.samples))
    with pytest.raises(NotMeasured, match="no question that had hits"):
        compare_hits(without, without)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: "),
        ('{"asked": "2026-11-01"}', "line 2: question: "),
        ('{"asked": "noon", "question": "a?"}', "line 2: asked: "),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"asked": "2026-11-01", "question": "a?"}}\n{line}\n')
    with pytest.raises(UsageError, match=complaint):
        read_log(path, "c")
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(tmp_path / "none.jsonl", "c")
