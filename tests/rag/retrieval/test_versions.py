"""Of several versions the one that a question means comes first, and none is lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.bootstrap import make_pipeline
from rag.domain import PUBLIC, Message, SearchResult
from rag.releases.filters import parse_filters
from rag.releases.folder import OpenRelease
from rag.retrieval.scope import Scope
from rag.settings import load_settings
from tests.small_corpus import About, make_documents, make_plumbline

OLD = "Visitors pay a parking fee of 4 euros a day.\n\nTrailers may stay one week."
NEW = "Visitors pay a fee of 6 euros for each day of parking here.\n\nTrailers may not stay."
TEXTS = {
    "a-old.md": OLD,
    "b-new.md": NEW,
    "c-next.md": NEW.replace("6", "8"),
    "d-dogs.md": "Dogs of visitors pay no fee.",
    **{f"note{n}.md": f"Note {n} on valve {n * 7}." for n in range(9)},
}
ABOUT: dict[str, About] = {
    "a-old.md": ({"number": "P-1", "version": "1", "valid_from": "2021-01-01"}, (PUBLIC,)),
    "b-new.md": ({"number": "P-1", "version": "2", "valid_from": "2024-01-01"}, (PUBLIC,)),
    "c-next.md": ({"number": "P-1", "version": "3", "valid_from": "2030-01-01"}, (PUBLIC,)),
}
QUESTION = "What parking fee do visitors pay a day?"


def release_on(day: str, about: dict[str, About] = ABOUT) -> OpenRelease:
    documents, chunks = make_documents(TEXTS, {name: ({}, (PUBLIC,)) for name in TEXTS} | about)
    made = memory_release(
        "small", 1, documents=documents, chunks=chunks, embedder=HashingEmbedder()
    )
    store: Any = made.documents
    store.today = lambda: day
    return made


def search(question: str = QUESTION, day: str = "2026-01-01", **options: Any) -> SearchResult:
    """A search on that day, as many hits as `top_k` says."""
    top_k = options.pop("top_k", 30)
    about = options.pop("about", ABOUT)
    pipeline = make_pipeline(lambda _: HashingEmbedder(), load_settings({}))
    scope = Scope(**options)
    return pipeline.search([question], release_on(day, about), scope, top_k=top_k, packs=True)


def order(found: SearchResult) -> list[str]:
    """The documents of the parking rules in the order of their first hits."""
    return [
        id_
        for id_ in dict.fromkeys(hit.document.id for hit in found.hits)
        if id_ in ("a-old-md", "b-new-md", "c-next-md")
    ]


def test_the_version_in_force_comes_directly_before_the_one_that_matches_better() -> None:
    plain = search(about={})
    assert plain.hits[0].document.id == "a-old-md"
    found = search()
    first, second, *_ = found.hits
    assert (first.document.id, second.document.id) == ("b-new-md", "a-old-md")
    assert first.chunk.text.startswith("Visitors pay a fee of 6")
    assert second.document.superseded_by == "b-new-md"
    assert first.score == second.score == plain.hits[0].score
    assert found.instead == {"a-old-md": "b-new-md", "c-next-md": "b-new-md"}
    assert {hit.chunk.id for hit in found.hits} >= {hit.chunk.id for hit in plain.hits}
    assert found.confidence == plain.confidence


def test_scores_still_fall_from_first_to_last() -> None:
    scores = [hit.score for hit in search().hits]
    assert scores == sorted(scores, reverse=True)


def test_passages_are_packed_in_that_order() -> None:
    first, second, *_ = search().passages
    assert (first.document.id, second.document.id) == ("b-new-md", "a-old-md")


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What parking fee did visitors pay a day in 2022?", "a-old-md"),
        ("What parking fee did visitors pay a day under the old rules?", "a-old-md"),
        ("What parking fee do visitors pay a day in version 1?", "a-old-md"),
        ("What parking fee do visitors pay a day in version 1.0?", "a-old-md"),
        ("What parking fee do visitors pay a day in version 7?", "b-new-md"),
        ("What parking fee do visitors pay a day in 2031?", "c-next-md"),
        ("What parking fee do visitors pay a day in 1999?", "b-new-md"),
    ],
)
def test_the_version_that_a_question_names_comes_first(question: str, first: str) -> None:
    assert order(search(question))[0] == first


def test_a_comparison_finds_what_both_versions_say_of_a_matter() -> None:
    question = "What changed in the rule that trailers may stay one week?"
    found = search(question, mode="lexical")
    first, second = found.hits[:2]
    assert (first.chunk.text, second.chunk.text) == (
        "Trailers may stay one week.",
        "Trailers may not stay.",
    )
    assert (first.document.id, second.document.id) == ("a-old-md", "b-new-md")
    assert found.instead == {"c-next-md": "b-new-md"}
    assert search("What will change between 2026 and 2031?").instead == {"a-old-md": "b-new-md"}


def test_on_its_day_the_next_version_comes_first() -> None:
    assert order(search(day="2029-12-31"))[0] == "b-new-md"
    assert order(search(day="2030-01-01"))[0] == "c-next-md"


def test_a_draft_comes_behind_what_is_in_force() -> None:
    about: dict[str, About] = {
        "a-old.md": ({"number": "P-1", "version": "3", "status": "draft"}, (PUBLIC,)),
        "b-new.md": ({"number": "P-1", "version": "2"}, (PUBLIC,)),
    }
    assert order(search(about=about))[0] == "b-new-md"
    assert order(search(f"{QUESTION} As in the draft", about=about))[0] == "a-old-md"


def test_what_the_version_in_force_says_is_found_beside_the_old_one() -> None:
    question = "Which week?"
    plain = search(question, mode="lexical", about={})
    assert "b-new-md" not in {hit.document.id for hit in plain.hits}
    first, second = search(question, mode="lexical").hits[:2]
    assert (first.chunk.text, first.document.id) == ("Trailers may not stay.", "b-new-md")
    assert (second.chunk.text, second.document.id) == ("Trailers may stay one week.", "a-old-md")
    assert first.scores.keys() == {"version"}


def test_a_version_that_a_reader_may_not_read_takes_nobodys_place() -> None:
    hidden = ABOUT | {"b-new.md": (ABOUT["b-new.md"][0], ("hr",))}
    pipeline = make_pipeline(lambda _: HashingEmbedder(), load_settings({}))
    release = release_on("2026-01-01", hidden).as_read_by({PUBLIC})
    found = pipeline.search([QUESTION], release, Scope(), top_k=30)
    assert order(found)[0] == "a-old-md"
    assert "b-new-md" not in str(found)


def test_a_version_that_filters_leave_out_takes_nobodys_place() -> None:
    found = search(filters=parse_filters({"valid_from": {"lt": "2023-01-01"}}))
    assert order(found) == ["a-old-md"]
    assert found.instead == {}


def test_an_explanation_has_the_stage_of_versions(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, texts=TEXTS, about=ABOUT)
    asked = [Message("user", QUESTION)]
    _, found = asyncio.run(plumbline.explain(asked, corpus="small", document="a-old.md"))
    assert list(found.kept)[-2:] == ["versions", "packed"]
    assert found.candidates[0].document.id == "b-new-md"
    assert found.candidates[0].places["versions"].rank == 1
    assert found.trace is not None
    assert found.trace.ranks["versions"] == 2
