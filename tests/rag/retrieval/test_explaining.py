"""Explanations: the ranks at every stage, and for a lost document the stage that lost it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from rag.domain import PUBLIC, Message
from rag.errors import DocumentNotFound
from rag.json_forms import explanation_body
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filters
from rag.retrieval.explaining import Explanation
from rag.retrieval.scope import Scope
from tests.small_corpus import TEXTS, About, make_plumbline

QUESTION = "How many passengers does the Heron carry?"
MANY = {f"note{n:03d}.md": f"Engine room note {n} is about valve {n * 7}." for n in range(150)}


def explain(plumbline: Plumbline, question: str = QUESTION, **options: Any) -> Explanation:
    asked = [Message("user", question)]
    return asyncio.run(plumbline.explain(asked, corpus="small", **options))[1]


def test_every_stage_says_where_each_candidate_stood(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    found = explain(plumbline)
    assert list(found.kept) == ["dense", "lexical", "context", "fused", "neighbours", "packed"]
    first = found.candidates[0]
    assert first.is_used
    assert {name: place.rank for name, place in first.places.items()} == dict.fromkeys(
        found.kept, 1
    )
    hits = plumbline.search(QUESTION, corpus="small").hits
    assert [each.chunk.id for each in found.candidates] == [hit.chunk.id for hit in hits]
    assert found.search.is_answered
    assert found.terms["heron"] > 0


def test_a_word_that_no_document_has_is_told_with_what_it_was_read_as(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    found = explain(plumbline, "The pasengers on the Hreon", document="boats.md")
    assert found.readings == {"pasengers": "passengers", "Hreon": "Heron"}
    assert found.terms.keys() >= {"passengers", "heron"}
    assert explain(plumbline).readings == {}
    assert found.candidates[0].document.id == "boats-md"


def test_the_confidence_is_that_of_the_search(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    for question in (QUESTION, "Which quark did the collider see?"):
        assert (
            explain(plumbline, question).search.confidence
            == plumbline.search(question, corpus="small").confidence
        )


def test_a_document_that_was_used_is_said_to_be(tmp_path: Path) -> None:
    trace = explain(make_plumbline(tmp_path), document="boats.md").trace
    assert trace is not None
    assert (trace.document_id, trace.lost_at) == ("boats-md", "")
    assert trace.ranks["packed"] == 1


def test_a_document_left_out_by_a_filter_says_by_which(tmp_path: Path) -> None:
    about: dict[str, About] = {
        "boats.md": ({"team": "fleet"}, (PUBLIC,)),
        "dogs.md": ({"team": "crew"}, (PUBLIC,)),
    }
    scope = Scope(filters=parse_filters({"team": "crew"}))
    found = explain(make_plumbline(tmp_path, about=about), document="boats-md", scope=scope)
    assert found.trace is not None
    assert found.trace.lost_at == "filters"
    assert "team is fleet" in found.trace.reason
    assert found.searched == 1


def test_a_document_too_far_away_says_what_would_bring_it_in(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, texts=TEXTS | MANY)
    question = "Which engine room valve is it?"
    trace = explain(plumbline, question, document="dogs.md").trace
    assert trace is not None
    assert trace.lost_at == "candidates"
    assert "shares no word" in trace.reason
    words = trace.remedy.removeprefix("name what stands in it, such as ")
    helped = explain(plumbline, f"{question} {words}", document="dogs.md").trace
    assert helped is not None
    assert helped.lost_at == ""


def test_the_words_to_name_are_whole_as_they_are_written(tmp_path: Path) -> None:
    text = (
        "The Skipper's embalm\u00ading re-\nfit, on-board and cafe\u0301-like, cost 12,500 at "
        "`deck_4`."
    )
    trace = explain(
        make_plumbline(tmp_path, texts=TEXTS | MANY | {"odd.md": text}), document="odd.md"
    ).trace
    assert trace is not None
    words = trace.remedy.removeprefix("name what stands in it, such as ").split(", ")
    assert set(words) <= {"Skipper's", "embalming", "on-board", "café-like", "cost", "deck_4"}
    assert len(words) == 5


def test_a_question_that_has_all_words_is_told_no_word(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, min_confidence=1.0)
    question = " ".join(TEXTS["dogs.md"].split())
    trace = explain(plumbline, question, document="dogs.md").trace
    assert trace is not None
    assert trace.remedy.startswith("ask in other words, or ")


def test_a_document_behind_the_best_hits_was_lost_in_the_ranking(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, texts=TEXTS | MANY)
    lost = {
        trace.lost_at
        for name in list(MANY)[:60]
        if (trace := explain(plumbline, "Engine room note valve?", document=name).trace)
    }
    assert "ranking" in lost


def test_a_document_over_the_budget_was_lost_in_packing(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, context_characters=60)
    found = explain(plumbline, "passengers on the Heron, dogs in the saloon", document="leave.md")
    assert found.trace is not None
    assert found.trace.lost_at == "packing"
    assert "RAG_CONTEXT_CHARACTERS" in found.trace.remedy


def test_what_was_packed_for_an_abstention_was_lost_at_the_confidence(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, min_confidence=1.0)
    found = explain(plumbline, document="boats.md")
    assert not found.search.is_answered
    assert found.trace is not None
    assert found.trace.lost_at == "confidence"


def test_the_end_of_a_source_is_answered_with_those_that_may_be_meant(tmp_path: Path) -> None:
    texts = {f"{root}/guide.md": f"The guide of {root}." for root in ("n1", "n2", "hr")}
    about: dict[str, About] = {"hr/guide.md": ({}, ("hr",))}
    plumbline = make_plumbline(tmp_path, texts=texts, about=about)
    with pytest.raises(DocumentNotFound) as told:
        explain(plumbline, document="guide.md")
    assert str(told.value).endswith("in this release: n1/guide.md, n2/guide.md may be meant")


def test_a_document_of_others_is_as_absent_as_one_that_is_not_there(tmp_path: Path) -> None:
    about: dict[str, About] = {"boats.md": ({}, ("crew",))}
    plumbline = make_plumbline(tmp_path, about=about)
    with pytest.raises(DocumentNotFound) as hidden:
        explain(plumbline, document="boats.md")
    with pytest.raises(DocumentNotFound) as absent:
        explain(plumbline, document="whale.md")
    assert str(hidden.value).replace("boats", "whale") == str(absent.value)
    crew = Scope(principals=frozenset({"crew"}))
    assert explain(plumbline, document="boats.md", scope=crew).trace is not None


def test_a_follow_up_is_explained_as_it_was_searched(tmp_path: Path) -> None:
    asked = [
        Message("user", QUESTION),
        Message("assistant", "120."),
        Message("user", "And how many cars?"),
    ]
    plumbline = make_plumbline(tmp_path)
    body: dict[str, Any] = explanation_body(*asyncio.run(plumbline.explain(asked, corpus="small")))
    assert body["standalone_by"] == "rule"
    assert "Heron" in body["standalone_question"]
    assert body["data"][0]["places"]["packed"]["rank"] == 1
