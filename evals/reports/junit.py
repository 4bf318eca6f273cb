"""A run as JUnit XML, which continuous integration shows: the gate, then a test case a sample."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from evals.reports.outcomes import Question
from evals.reports.record import Report

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2)."""


def to_junit(report: Report, questions: Sequence[Question]) -> str:
    """The gate fails as the exit code says; a sample by not being right, if it was right before.

    One that was not right in the earlier run either is skipped, one with missing values an error.
    """
    name = f"{report.corpus}@{report.release}, {report.regression_set.name}"
    suites = Element("testsuites", name=name, time=str(report.seconds))
    verdict = report.verdict
    gate = SubElement(suites, "testsuite", name="gate")
    for what, tag, reasons in (
        ("could be measured", "error", verdict.unmeasured),
        ("reaches its floors, critical samples are right", "failure", verdict.broken),
        ("is no worse than the earlier run", "failure", verdict.regressions),
    ):
        case = _add_case(gate, what, "gate")
        if reasons:
            _tell(case, tag, reasons)
    samples = SubElement(suites, "testsuite", name="samples", timestamp=report.created[:19])
    for question in questions:
        _add_sample(samples, question, is_compared=verdict.comparison is not None)
    for suite in (gate, samples, suites):
        suite.set("tests", str(len(list(suite.iter("testcase")))))
        suite.set("failures", str(len(list(suite.iter("failure")))))
        suite.set("errors", str(len(list(suite.iter("error")))))
        suite.set("skipped", str(len(list(suite.iter("skipped")))))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _add_sample(suite: Element, question: Question, *, is_compared: bool) -> None:
    sample = question.sample
    case = _add_case(suite, f"{sample.id}: {sample.question}", f"samples.{sample.kind}")
    if question.missing:
        _tell(case, "error", question.faults)
    elif question.how:
        was_right = question.change is not None and question.change.fate == "lost"
        _tell(case, "failure" if was_right or not is_compared else "skipped", question.faults)
        said = f"answer: {sample.answer or 'none'}\nreference: {sample.reference}"
        SubElement(case, "system-out").text = _clean(said)


def _add_case(suite: Element, name: str, classname: str) -> Element:
    return SubElement(suite, "testcase", name=_clean(name), classname=classname)


def _tell(case: Element, tag: str, reasons: Sequence[str]) -> None:
    told = SubElement(case, tag, message=_clean(reasons[0]))
    if tag != "skipped":
        told.text = _clean("\n".join(reasons))


def _clean(text: str) -> str:
    return NOT_XML.sub("�", text)
