"""Quotes become spans of the document; what does not stand at one place is a problem."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from evals.locating import Locating, Sources, check_evidence, find_quote, locate_set
from evals.samples import Evidence
from evals.sets import read_lines
from rag.domain import Document, Span

TEXT = "Leave is 26 weeks.\nIt is\n  paid in full.\nIt is requested early. It is requested late."
DOCUMENT = Document("d1", "v1", "leave.md", "Leave", TEXT, "text/markdown")
SOURCES = Sources([DOCUMENT.reference], {"d1": DOCUMENT}.__getitem__)


def locate(path: Path, *evidence: Mapping[str, object]) -> tuple[Locating, list[dict[str, object]]]:
    """What `locate` says of a set with one sample, and the evidence in the file afterwards."""
    line = {"id": "a", "question": "q", "reference": "ü", "answerable": True, "evidence": evidence}
    path.write_text("\n" + json.dumps(line, ensure_ascii=False) + "\n")
    found = locate_set(path, read_lines(path), SOURCES)
    lines = path.read_text().split("\n")
    assert (lines[0], lines[2:]) == ("", [""])
    return found, json.loads(lines[1])["evidence"]


def test_a_quote_is_found_exactly(tmp_path: Path) -> None:
    found, (evidence,) = locate(tmp_path / "s", {"source": "leave.md", "quote": "26 weeks"})
    assert found == Locating(1, 1, ())
    assert (evidence["start"], evidence["end"]) == (9, 17)


def test_white_space_is_forgiven_and_the_exact_text_written_back(tmp_path: Path) -> None:
    quote = {"source": "leave.md", "quote": "It is paid  in full."}
    found, (evidence,) = locate(tmp_path / "s", quote)
    assert found.changed == 1
    assert evidence["quote"] == "It is\n  paid in full." == TEXT[19:40]
    assert (evidence["start"], evidence["end"]) == (19, 40)


def test_a_right_span_stays_even_where_the_quote_is_ambiguous(tmp_path: Path) -> None:
    start = TEXT.rindex("It is requested")
    quote = {"source": "leave.md", "quote": "It is requested", "start": start, "end": start + 15}
    before = json.dumps(quote)
    found, (evidence,) = locate(tmp_path / "s", quote)
    assert found == Locating(1, 0, ())
    assert json.dumps(evidence) == before


def test_a_span_that_moved_is_corrected(tmp_path: Path) -> None:
    quote = {"source": "leave.md", "quote": "26 weeks", "start": 3, "end": 11}
    found, (evidence,) = locate(tmp_path / "s", quote)
    assert found.changed == 1
    assert evidence["start"] == 9


@pytest.mark.parametrize(
    ("source", "quote", "says"),
    [
        ("leave.md", "27 weeks", "is not found"),
        ("leave.md", "It is requested", "stands 2 times"),
        ("boats.md", "26 weeks", "no source 'boats.md'"),
    ],
)
def test_what_is_not_at_one_place_is_listed_and_the_rest_is_written(
    source: str, quote: str, says: str, tmp_path: Path
) -> None:
    good = {"source": "leave.md", "quote": "26 weeks"}
    path = tmp_path / "s"
    found, evidence = locate(path, {"source": source, "quote": quote}, good)
    (problem,) = found.problems
    assert problem.startswith(f"{path}:2: evidence.0: ")
    assert says in problem
    assert "start" not in evidence[0]
    assert evidence[1]["start"] == 9


def test_find_quote_takes_characters_literally() -> None:
    assert find_quote("a.b a+b (1)", "a+b (1)") == [Span(4, 11)]
    assert find_quote("acb", "a.b") == []


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        (Evidence("leave.md", "26 weeks", Span(8, 16)), "no longer matches leave.md [8:16]"),
        (Evidence("leave.md", "26 weeks", None), "no span"),
        (Evidence("gone.md", "26 weeks", Span(9, 17)), "no source 'gone.md'"),
    ],
)
def test_evidence_that_does_not_hold_says_why(evidence: Evidence, says: str) -> None:
    found = check_evidence(evidence, SOURCES)
    assert isinstance(found, str)
    assert says in found
