"""The JSON of record reads back as it was; Markdown and HTML come from it alone."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evals.gates.criteria import default_criteria
from evals.gates.verdict import decide
from evals.observing import Missing
from evals.reports.record import JudgeRecord, Report, read_report, to_json
from evals.reports.rendering import render, write_report
from evals.running import Run, evaluate
from evals.samples.locating import Lost
from evals.samples.sample import RegressionSet
from rag.errors import NotMeasured, StorageError
from tests.evals.test_running import SAMPLES
from tests.small_corpus import make_plumbline

HOSTILE = 'a|b\n<script src="//x">alert(1)</script> `c` [d](javascript:e)'


class Tags(HTMLParser):
    """Names of all tags, and those that were left open."""

    VOID = frozenset({"meta", "br", "rect", "input", "line", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(tmp_path: Path) -> Report:
    asked = RegressionSet("s.jsonl", "0" * 64, SAMPLES)
    return asyncio.run(evaluate(Run(asked, "small"), make_plumbline(tmp_path / "data")))


def with_judge(report: Report) -> Report:
    """The report with a judge, a missing value, hostile text, and what changed by these."""
    first, *rest = report.samples
    values = first.values | {"hit@1": Missing(HOSTILE), "right": 0.0}
    first = replace(first, values=values, question=HOSTILE, answer=HOSTILE, tags=("a|b",))
    lost: dict[str, tuple[str, ...]] = {f"{HOSTILE} no longer holds the quote": (first.id,)}
    judge = JudgeRecord(True, "", "judge-1", "http://localhost/v1", 3, 9, 1, 900, 90)
    found = replace(report, judge=judge, samples=(first, *rest), lost_evidence=lost)
    criteria = replace(default_criteria(), baseline=replace(report, corpus=HOSTILE))
    return replace(found, verdict=decide(found, criteria))


def test_the_record_reads_back_as_it_was(report: Report, tmp_path: Path) -> None:
    report = with_judge(report)
    path = tmp_path / "report.json"
    path.write_text(to_json(report))
    assert read_report(path) == report
    raw = json.loads(path.read_text())
    assert raw["schema"] == 3
    assert raw["samples"][0]["values"]["hit@1"] == {"reason": HOSTILE}
    assert raw["samples"][1]["values"]["hit@1"] == 1.0


def test_folders_are_named_by_date_corpus_release_and_set_and_never_overwritten(
    report: Report, tmp_path: Path
) -> None:
    report = replace(report, created="2026-11-21T02:03:04+00:00")
    folders = [write_report(report, tmp_path / "reports").name for _ in range(3)]
    assert folders == [f"2026-11-21-small-r1-s{number}" for number in ("", "-2", "-3")]
    assert (tmp_path / "reports" / "latest").resolve().name == folders[-1]
    part = replace(report, regression_set=replace(report.regression_set, asked=3))
    assert write_report(part, tmp_path / "reports").name == "2026-11-21-small-r1-s-3of4"
    names = sorted(path.name for path in (tmp_path / "reports" / folders[0]).iterdir())
    assert names == ["junit.xml", "report.html", "report.json", "report.md", "summary.md"]


@pytest.mark.parametrize("suffix", ["md", "html"])
def test_a_report_shows_values_decisions_judge_and_fingerprint(suffix: str, report: Report) -> None:
    text = render(report, suffix)
    assert "small@1" in text
    assert "not measured: no judge was asked" in text
    for name, found in report.aggregates.items():
        assert report.metrics[name].definition[:20] in text
        assert found.mean is not None
    assert "close-miss" in text
    assert "threshold" in text
    assert "context characters" in text


def not_right(report: Report) -> Report:
    """The report with a critical answer that cites no evidence, and evidence that is gone."""
    leave, boats, *rest = report.samples
    wrong = replace(boats, critical=True, values=boats.values | {"right": 0.0})
    lost = Lost("pay.md", "the release holds no source 'pay.md'")
    samples = (replace(leave, lost=(lost,)), wrong, *rest)
    worse = replace(report, samples=samples, lost_evidence={lost.reason: ("leave",)})
    criteria = replace(default_criteria(), floors={"right": 0.9}, baseline=report)
    return replace(worse, verdict=decide(worse, criteria))


REASONS = (
    *("broken: right is 0.750, its floor 0.9", "critical and not right: boats"),
    "critical samples that were right in",
)
NOT_RIGHT = ("Not right: 2 of 4", "wrong: cites none of the evidence")
ORDER = {
    "md": ("No. ", *REASONS, "1 lost", "answer before", *NOT_RIGHT, "Evidence that is gone"),
    "html": (
        *("May I ship this?", "No.", *REASONS, "The questions that show why", "1 lost"),
        *("answerable, answered", *NOT_RIGHT, "Answer before", "Right would be", "26 weeks"),
        *("Evidence that is gone", "pay.md", "Before and now", "By slice"),
    ),
}


@pytest.mark.parametrize("suffix", ["md", "html"])
def test_a_report_begins_with_its_verdict_and_what_is_wrong(suffix: str, report: Report) -> None:
    text, place = render(not_right(report), suffix), 0
    for part in ORDER[suffix]:
        place = text.index(part, place)
    assert "It was held against no earlier run." in render(report, suffix)


@pytest.mark.parametrize("suffix", ["md", "html"])
def test_a_report_shows_the_judge_and_why_values_are_missing(suffix: str, report: Report) -> None:
    text = render(with_judge(report), suffix)
    assert "judge-1 at http://localhost/v1, 3 repeats: 9 calls" in text
    assert "alert(1)" in text


def test_hostile_text_stays_text_in_html(report: Report) -> None:
    text = render(with_judge(report), "html")
    tags = Tags(text)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert "svg" in tags.seen


def test_hostile_text_stays_in_its_cell_in_markdown(report: Report) -> None:
    text = render(with_judge(report), "md")
    (row,) = [line for line in text.splitlines() if line.startswith("| leave | hit@1 |")]
    assert "<script" not in row.replace("\\<", "")
    assert row.replace("\\|", "").count("|") == 4
    for table in text.split("\n\n"):
        rows = [line.replace("\\|", "") for line in table.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_a_report_of_nothing_but_missing_values_can_be_read(report: Report) -> None:
    lost = [
        replace(sample, values=dict.fromkeys(sample.values, Missing("gone")), status=None)
        for sample in report.samples
    ]
    empty = replace(report, samples=tuple(lost), fingerprint=None)
    assert "nothing was answered" in render(empty, "md")
    assert "nothing was answered" in render(empty, "html")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), ("{}", "is not a report: schema"), ("<html>", "is not a report")],
)
def test_what_is_no_report_is_refused(content: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NotMeasured, match=says):
        read_report(path)


def test_a_report_of_another_schema_is_refused(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(to_json(replace(report, schema=1)))
    with pytest.raises(NotMeasured, match="schema 1"):
        read_report(path)


def test_a_folder_that_cannot_be_made_is_one_line(report: Report, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        write_report(report, tmp_path / "reports")
