"""Fusion: what rankings by words weigh where no chunk has the words of the question."""

from dataclasses import replace

import pytest

from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import MINILM
from rag.adapters.memory.release import memory_release
from rag.releases.folder import OpenRelease
from rag.retrieval.fusion import weigh_words
from rag.retrieval.pipeline import retriever_of
from rag.retrieval.retrievers import RETRIEVERS
from tests.small_corpus import make_documents, search

ENOUGH = 0.8
WEIGHTS = {"dense": 0.4, "lexical": 0.2, "context": 0.4}
TEXTS = {
    "birth.md": "Mothers of newborns stay at home for 26 weeks on full salary.",
    "keys.md": "Leave the keys of a hired car at the desk.",
    "dogs.md": "Dogs travel free of charge on every boat.",
    "boats.md": "The Heron carries 120 passengers and 18 cars.",
    "pay.md": "Wages are paid on the last Friday of a month.",
}
RIGHT, WRONG = "birth-md-0", "keys-md-0"
PARAPHRASES = [
    "How long is maternity leave?",
    "When may a woman having a baby leave work?",
    "How much time off do parents get when they leave to have a baby?",
]


def weigh(known: float) -> dict[str, float]:
    return weigh_words(WEIGHTS, known, enough=ENOUGH, instead="dense")


@pytest.mark.parametrize("known", [0.0, 0.1, 0.4, ENOUGH, 1.0])
def test_the_weights_have_the_same_sum_whatever_is_known(known: float) -> None:
    assert sum(weigh(known).values()) == pytest.approx(1.0)


def test_words_that_no_chunk_has_weigh_nothing() -> None:
    assert weigh(0.0) == {"dense": 1.0, "lexical": 0.0, "context": 0.0}


@pytest.mark.parametrize("known", [ENOUGH, 0.9, 1.0])
def test_words_have_all_their_weight_where_a_chunk_has_them(known: float) -> None:
    assert weigh(known) == pytest.approx(WEIGHTS)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_between_words_weigh_in_proportion(share: float) -> None:
    weighed = weigh(share * ENOUGH)
    assert weighed["lexical"] == pytest.approx(share * WEIGHTS["lexical"])
    assert weighed["context"] == pytest.approx(share * WEIGHTS["context"])


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(MINILM, precision="fp32")


@pytest.fixture(scope="module")
def release(embedder: SentenceTransformersEmbedder) -> OpenRelease:
    """The texts by the vectors of a real model."""
    documents, chunks = make_documents(TEXTS)
    return memory_release("small", 1, documents=documents, chunks=chunks, embedder=embedder)


@pytest.mark.parametrize("question", PARAPHRASES)
def test_one_common_word_does_not_beat_the_meaning(
    question: str,
    release: OpenRelease,
    embedder: SentenceTransformersEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixed = replace(RETRIEVERS["hybrid"], by_meaning="")
    monkeypatch.setitem(RETRIEVERS, "fixed", fixed)
    best = {
        mode: search(question, release, mode, embedder=embedder).hits[0].chunk.id
        for mode in ("dense", "lexical", "hybrid", "fixed")
    }
    assert best == {"dense": RIGHT, "lexical": WRONG, "hybrid": RIGHT, "fixed": WRONG}


def test_a_question_in_the_words_of_a_chunk_is_weighed_as_ever(
    release: OpenRelease, embedder: SentenceTransformersEmbedder
) -> None:
    asked = search(
        "Where to leave the keys of a hired car at the desk?", release, embedder=embedder
    )
    [own] = asked.wordings
    assert own.weights == pytest.approx(retriever_of(release, "hybrid").weights)
    [paraphrase] = search(PARAPHRASES[0], release, embedder=embedder).wordings
    assert paraphrase.weights["dense"] > own.weights["dense"]
    assert sum(paraphrase.weights.values()) == pytest.approx(sum(own.weights.values()))
