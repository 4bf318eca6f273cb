"""Retrieval over the in-memory ports: fusion, neighbours, packing, confidence, bad questions."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.adapters.memory.release import HashingEmbedder
from rag.domain import Hit
from rag.errors import InvalidQuestion
from rag.ports import Vectors
from rag.retrieval.confidence import term_coverage
from rag.retrieval.fusion import fuse, normalize, share_with_neighbours
from rag.retrieval.packing import pack
from rag.retrieval.question import MAX_QUESTION_BYTES, check_question
from rag.retrieval.retrievers import RETRIEVERS
from tests.small_corpus import make_release, search


def test_normalized_scores_run_from_zero_to_one() -> None:
    assert normalize([("a", 4.0), ("b", 3.0), ("c", 2.0)]) == {"a": 1.0, "b": 0.5, "c": 0.0}
    assert normalize([("a", 2.0), ("b", 2.0)]) == {"a": 1.0, "b": 1.0}
    assert normalize([]) == {}


def test_fusion_adds_weighted_scores_and_counts_a_missing_one_as_zero() -> None:
    dense, lexical = [("a", 0.9), ("b", 0.5)], [("b", 8.0), ("c", 2.0)]
    fused = fuse({"dense": dense, "lexical": lexical}, {"dense": 0.5, "lexical": 0.5})
    assert fused == {"a": 0.5, "b": 0.5, "c": 0.0}


def test_a_chunk_is_lent_a_share_of_the_chunks_beside_it_only() -> None:
    store = make_release().documents
    shared = share_with_neighbours(
        {"boats-md-0": 1.0, "boats-md-1": 0.5, "dogs-md-0": 0.4}, store, 0.2
    )
    assert shared == pytest.approx({"boats-md-0": 1.1, "boats-md-1": 0.7, "dogs-md-0": 0.4})


class Counting(HashingEmbedder):
    """Counts the questions that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As it was, counted."""
        self.asked += texts
        return super().embed_queries(texts)


@pytest.mark.parametrize("mode", RETRIEVERS)
def test_every_retriever_finds_the_chunk_that_answers(mode: str) -> None:
    result = search("How many passengers does the Heron carry?", make_release(), mode)
    assert result.hits[0].chunk.id == "boats-md-0"
    assert set(result.hits[0].scores) == set(RETRIEVERS[mode].weights)


def test_only_what_needs_the_vector_of_a_question_has_it_embedded() -> None:
    embedder = Counting()
    for mode, retriever in RETRIEVERS.items():
        asked = len(embedder.asked)
        search("dogs", make_release(), mode, embedder=embedder)
        assert len(embedder.asked) - asked == retriever.needs_vector


def test_the_same_question_gives_the_same_ranking() -> None:
    once, again = (search("dogs on boats", make_release()) for _ in range(2))
    assert replace(once, timings_ms={}) == replace(again, timings_ms={})


def test_confidence_is_high_on_the_topic_and_low_off_it() -> None:
    on = search("Do dogs travel free of charge?", make_release())
    off = search("Which quark did the collider see?", make_release())
    assert on.confidence > 0.8 > 0.2 > off.confidence


@pytest.mark.parametrize("question", ["?!…", "a", "✈️🛳️", 'title:x^2 [* TO *] "', "犬は無料ですか"])
@pytest.mark.parametrize("mode", RETRIEVERS)
def test_strange_questions_are_searched_without_error(question: str, mode: str) -> None:
    result = search(question, make_release(), mode)
    assert 0.0 <= result.confidence <= 1.0


@pytest.mark.parametrize("text", ["", "  \n", "\0", "\ud800", "x" * (MAX_QUESTION_BYTES + 1)])
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuestion):
        check_question(text)


def test_term_coverage_counts_rare_terms_more() -> None:
    weights = {"the": 0.1, "heron": 1.9}
    assert term_coverage(weights, ["heron"]) == pytest.approx(0.95)
    assert term_coverage({}, ["heron"]) == 0.0


def _hits(*ids: str) -> list[Hit]:
    found = make_release().documents.chunks(ids)
    return [Hit(*found[id_], score=1.0 - place / 10, scores={}) for place, id_ in enumerate(ids)]


def test_neighbouring_hits_become_one_exact_passage() -> None:
    store = make_release().documents
    passages = pack(_hits("boats-md-1", "dogs-md-0", "boats-md-0"), store, budget_characters=9999)
    assert [passage.document.id for passage in passages] == ["boats-md", "dogs-md"]
    assert passages[0].text == store.document("boats-md").text


def test_packing_keeps_to_the_budget_but_never_gives_nothing() -> None:
    store = make_release().documents
    assert len(pack(_hits("dogs-md-0", "boats-md-0"), store, budget_characters=100)) == 1
    assert len(pack(_hits("dogs-md-0", "boats-md-0"), store, budget_characters=1)) == 1
    assert pack([], store, budget_characters=100) == ()
