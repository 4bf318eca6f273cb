"""What a reader of a report sees first, can filter, and finds in the other files of a run."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from evals.gates.criteria import default_criteria
from evals.gates.verdict import decide
from evals.observing import Missing
from evals.reports.headline import write_headline
from evals.reports.judgement import Judgement
from evals.reports.junit import to_junit
from evals.reports.outcomes import CLOSE, group_questions, list_questions
from evals.reports.record import JudgeRecord, Report, SampleRecord
from evals.reports.rendering import render, render_index, summarize, write_report
from evals.reports.trend import list_runs, trace
from rag.domain import Sentence, Span
from tests.evals.test_rendering import HOSTILE, Tags, not_right, report, with_judge

__all__ = ["report"]
NO_FLOORS = replace(default_criteria(), floors={})


def changed(report: Report, *samples: SampleRecord) -> Report:
    """A run with these samples in place of its own, held against the run before."""
    new = {sample.id: sample for sample in samples}
    now = replace(report, samples=tuple(new.get(each.id, each) for each in report.samples))
    return replace(now, verdict=decide(now, replace(NO_FLOORS, baseline=report)))


def with_value(sample: SampleRecord, name: str, value: float | Missing) -> SampleRecord:
    return replace(sample, values=sample.values | {name: value})


def shown(report: Report) -> tuple[str, list[str]]:
    headline = write_headline(report, list_questions(report))
    return headline.decision, [each.sample.id for each in headline.questions]


def test_a_run_that_may_ship_says_yes(report: Report) -> None:
    assert shown(report) == ("Yes", [])
    assert shown(changed(report)) == ("Yes", [])


def test_a_run_that_lost_a_question_shows_it_before_one_that_was_never_right(
    report: Report,
) -> None:
    leave = replace(with_value(report.samples[0], "right", 0.0), critical=True)
    assert shown(changed(report, leave)) == ("No", ["leave", "close"])


def test_a_run_that_could_not_be_measured_cannot_say(report: Report) -> None:
    leave = replace(with_value(report.samples[0], "right", Missing("no answer")), critical=True)
    now = changed(report, leave)
    assert shown(now) == ("Cannot say", ["leave"])
    (question,) = [each for each in list_questions(now) if each.sample.id == "leave"]
    assert "could not be measured: no answer" in question.faults


def test_a_sentence_without_a_source_is_told_with_the_reason(report: Report) -> None:
    doubtful = Sentence(Span(0, 9), "It is 27.", "differs", (0,), 0.1, ("27 is not 26",))
    leave = replace(report.samples[0], sentences=(doubtful,))
    now = changed(report, leave)
    (question,) = [each for each in list_questions(now) if each.sample.id == "leave"]
    assert question.faults == ("“It is 27.”: 27 is not 26",)
    text = render(now, "html")
    assert '<p class="line w">It is 27. <span class="tag">differs: 27 is not 26' in text


def test_each_question_stands_under_one_heading_the_worst_first(report: Report) -> None:
    leave, boats, off, close = report.samples
    assert report.fingerprint
    threshold = report.fingerprint.threshold
    now = changed(
        report,
        with_value(leave, "right", 0.0),
        replace(boats, confidence=threshold + CLOSE / 2),
        replace(off, confidence=0.0),
        replace(close, confidence=0.0),
    )
    groups = group_questions(list_questions(now))
    found = {heading: [each.sample.id for each in each_] for heading, each_ in groups.items()}
    assert found == {
        "Worse than before": ["leave"],
        "Not right": ["close"],
        "Close calls: right, but nearly decided otherwise": ["boats"],
        "The others": ["off"],
    }


def test_a_question_shows_its_passages_quotes_and_values(report: Report) -> None:
    (leave, *_) = report.samples
    assert leave.contexts
    assert leave.citations[0].text == "Parental leave is 26 weeks at full pay."
    text = render(report, "html")
    assert text.count('<div class="doc">') == sum(len(each.contexts) for each in report.samples)
    assert "passages that it was made from" in text


def cases(xml: str) -> dict[str, list[str]]:
    root = ElementTree.fromstring(xml)
    found = {}
    for case in root.iter("testcase"):
        found[case.attrib["name"].partition(":")[0]] = [each.tag for each in case]
    return found


def test_junit_fails_where_the_gate_does(report: Report) -> None:
    worse = not_right(report)
    found = cases(to_junit(worse, list_questions(worse)))
    assert found["could be measured"] == []
    assert found["reaches its floors, critical samples are right"] == ["failure"]
    assert found["is no worse than the earlier run"] == ["failure"]
    assert found["boats"] == ["failure", "system-out"]
    assert found["close"] == ["skipped", "system-out"]
    assert found["leave"] == []


def test_junit_counts_its_cases_by_what_became_of_them(report: Report) -> None:
    leave = with_value(report.samples[0], "hit@1", Missing("gone"))
    now = replace(report, samples=(leave, *report.samples[1:]))
    root = ElementTree.fromstring(to_junit(now, list_questions(now)))
    _, samples = root
    counts = {name: samples.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "0"}


def test_junit_is_xml_whatever_a_question_holds(report: Report) -> None:
    first = replace(report.samples[0], question=f"{HOSTILE}\0\ufffe\x1b[31m")
    now = replace(report, samples=(with_value(first, "right", 0.0), *report.samples[1:]))
    root = ElementTree.fromstring(to_junit(now, list_questions(now)))
    names = [case.attrib["name"] for case in root.iter("testcase")]
    assert any("alert(1)" in name and name.endswith("���[31m") for name in names)


def test_the_summary_says_in_a_few_lines_whether_to_ship(report: Report) -> None:
    text = summarize(not_right(report))
    assert text.startswith("### May I ship small@1? No.\n")
    assert "(boats, critical): was right before, and is not now" in text
    assert "| right |" in text.replace(" ✗", "")
    assert len(text.splitlines()) < 40
    assert "<script" not in summarize(with_judge(report)).replace("\\<", "")


def test_the_index_lists_runs_with_verdicts_trends_and_what_cannot_be_read(
    report: Report, tmp_path: Path
) -> None:
    write_report(replace(report, created="2026-11-20T02:00:00+00:00"), tmp_path)
    half = tmp_path / "half-written"
    half.mkdir()
    (half / "report.json").write_text('{"schema": 3, "run_')
    folder = write_report(replace(not_right(report), created="2026-11-21T02:00:00+00:00"), tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert Tags(text).open == []
    places = [text.index(part) for part in ("No</b>", "Yes</b>", "Unreadable", "half-written")]
    assert places == sorted(places)
    assert f'href="{folder.name}/report.html"' in text
    assert "2026-11-20 02:00, small@1" in text
    assert "Over the last 2 runs" in (folder / "report.html").read_text()
    assert not list(tmp_path.glob("tmp*"))


def test_a_trend_is_of_the_same_set_up_to_the_run(report: Report, tmp_path: Path) -> None:
    days = [replace(report, created=f"2026-11-2{day}T02:00:00+00:00") for day in (0, 1, 2)]
    other = replace(days[0], regression_set=replace(report.regression_set, sha256="1" * 64))
    for run in (*days, other):
        write_report(run, tmp_path)
    runs = list_runs(tmp_path)
    assert len(runs) == 4
    assert "Over the last 2 runs" in render(days[1], "html", runs)
    assert "Over the last" not in render(days[0], "html", runs)


def test_a_trace_is_drawn_between_the_tenth_below_its_least_mean_and_one(
    report: Report, tmp_path: Path
) -> None:
    write_report(report, tmp_path)
    (stored,) = list_runs(tmp_path)
    assert stored.run
    found = trace("right", [stored.run, stored.run])
    assert found.low == 0.7
    assert [(point.x, point.y, point.mean) for point in found.points] == [
        (0.0, 83.33, 0.75),
        (100.0, 83.33, 0.75),
    ]


def test_a_run_on_its_own_shows_its_means_beside_their_floors(report: Report) -> None:
    now = replace(report, verdict=decide(report, replace(NO_FLOORS, floors={"right": 0.8})))
    text = render(now, "html")
    assert "right: 0.750, its floor 0.800" in text
    assert 'x1="80.0%"' in text
    assert 'cx="75.0%"' in text
    assert "right: 0.750" not in render(changed(report), "html")


def test_what_is_no_share_is_shown_in_its_unit(report: Report) -> None:
    found = replace(report.aggregates["search_ms"], mean=12.34, p50=11.0, p95=99.0)
    text = render(replace(report, aggregates=report.aggregates | {"search_ms": found}), "html")
    assert '<td class="n">12.3</td>' in text
    assert "in ms; half of them at most 11.0, 95 of 100 at most 99.0" in text


def test_a_page_asks_the_network_for_nothing(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    for text in (render_index(list_runs(tmp_path)), render(report, "html")):
        assert "default-src 'none'" in text
        for sign in ("<script", "src=", "url(", "@import", "//"):
            assert sign not in text


def test_a_question_shows_what_the_judge_said_of_each_statement(report: Report) -> None:
    judgements = (
        Judgement(
            "It is 26 weeks.", "26 weeks at full pay", True, (True, True, False), ("", "", "")
        ),
        Judgement("It is unpaid.", "26 weeks at full pay", False, (False,), ("It is paid.",)),
        Judgement("It is new.", "26 weeks at full pay", None, (True, False), ("", "")),
    )
    first = replace(report.samples[0], judgements={"faithfulness": judgements})
    text = render(replace(report, samples=(first, *report.samples[1:])), "html")
    assert "faithfulness: what the judge said" in text
    for look, told in (
        ("", 'It is 26 weeks. <span class="tag">holds, 2 of 3 repeats say it holds'),
        ("u", 'It is unpaid. <span class="tag">does not hold'),
        ("w", 'It is new. <span class="tag">divided, 1 of 2 repeats say it holds'),
    ):
        assert f'<p class="line {look}">{told}' in text
    assert "It is paid.; held against “26 weeks at full pay”" in text


def test_a_warning_of_the_judge_stands_on_the_first_screen(report: Report) -> None:
    judge = JudgeRecord(True, "", "judge-1", warnings=("the judge is the generator",))
    text = render(replace(report, judge=judge), "html")
    assert text.index("the judge is the generator") < text.index("Right to answer")
    assert "warning: the judge is the generator" in text
