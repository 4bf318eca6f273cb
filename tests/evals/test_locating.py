"""Quotes become spans of the document; what does not stand at one place is a problem."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from evals.samples.locating import (
    Locating,
    Location,
    Sources,
    find_quote,
    find_target,
    locate_set,
)
from evals.samples.reading import read_lines
from evals.samples.sample import Evidence
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


def sources_of(**texts: str) -> Sources:
    """A release of these texts; `__` in a name is a slash."""
    documents = {
        name: Document(
            name, f"v-{text}", f"{name.replace('__', '/')}.md", "", text, "text/markdown"
        )
        for name, text in texts.items()
    }
    return Sources([each.reference for each in documents.values()], documents.__getitem__)


def found_in(sources: Sources, evidence: Evidence) -> list[tuple[str, Span]]:
    """The version and span of each place of the evidence."""
    return [(place.version, place.span) for place in find_target(evidence, sources).places]


def test_evidence_is_found_by_its_quote_wherever_it_stands_now() -> None:
    evidence = Evidence("leave.md", "26 weeks", Span(9, 17))
    for text in ("It is 26 weeks.", "A new line.\n\nIt is 26 weeks.", "26  weeks"):
        ((version, span),) = found_in(sources_of(leave=text), evidence)
        assert version == f"v-{text}"
        assert text[span.start : span.end].split() == ["26", "weeks"]


def test_of_several_places_the_nearest_to_the_hint_is_meant_and_without_one_any() -> None:
    sources = sources_of(leave="No dogs. No cats. No dogs.")
    evidence = Evidence("leave.md", "No dogs.", Span(15, 23))
    assert [span for _, span in found_in(sources, evidence)] == [Span(18, 26)]
    assert len(found_in(sources, replace(evidence, span=None))) == 2


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        (Evidence("leave.md", "27 weeks", Span(9, 17)), "leave.md no longer holds the quote '27 w"),
        (Evidence("gone.md", "26 weeks", Span(9, 17)), "the release holds no source 'gone.md'"),
    ],
)
def test_evidence_that_is_gone_says_what_is_not_there(evidence: Evidence, says: str) -> None:
    target = find_target(evidence, SOURCES)
    assert target.places == ()
    (lost,) = target.lost
    assert lost.source == evidence.source
    assert lost.reason.startswith(says)


def test_an_alternative_carries_the_evidence_alone() -> None:
    other = Evidence("leave.md", "It is requested early.", None)
    evidence = Evidence("gone.md", "26 weeks", None, (other,))
    target = find_target(evidence, SOURCES)
    start = TEXT.index(other.quote)
    assert target.places == (Location("v1", Span(start, start + len(other.quote))),)
    assert target.characters == len("26 weeks")
    assert [lost.source for lost in target.lost] == ["gone.md"]


def test_a_source_is_named_exactly_or_by_the_end_of_its_name() -> None:
    evidence = Evidence("guide.md", "26 weeks", None)
    exact = sources_of(guide="26 weeks", n1__guide="It is 26 weeks")
    assert found_in(exact, evidence) == [("v-26 weeks", Span(0, 8))]
    moved = sources_of(n1__guide="It is 26 weeks", other_guide="26 weeks")
    assert found_in(moved, evidence) == [("v-It is 26 weeks", Span(6, 14))]


def test_of_several_sources_of_one_name_none_is_picked_unless_they_are_equal() -> None:
    evidence = Evidence("guide.md", "26 weeks", None)
    target = find_target(evidence, sources_of(n1__guide="26 weeks", n2__guide="It is 26 weeks"))
    assert target.places == ()
    assert target.lost[0].reason == (
        "'guide.md' may be any of n1/guide.md, n2/guide.md: name one of them in the set"
    )
    equal = sources_of(n1__guide="26 weeks", n2__guide="26 weeks")
    assert found_in(equal, evidence) == [("v-26 weeks", Span(0, 8))]


def test_alternatives_are_located_as_well(tmp_path: Path) -> None:
    other = {"source": "leave.md", "quote": "requested early"}
    gone = {"source": "leave.md", "quote": "27 weeks"}
    quote = {"source": "leave.md", "quote": "26 weeks", "alternatives": [other, gone]}
    path = tmp_path / "s"
    found, (evidence,) = locate(path, quote)
    assert found.checked == found.changed == 2
    assert found.problems[0].startswith(f"{path}:2: evidence.0.alternatives.1: quote '27 weeks'")
    start = TEXT.index("requested early")
    assert json.dumps(evidence["alternatives"]) == json.dumps(
        [other | {"start": start, "end": start + len("requested early")}, gone]
    )
