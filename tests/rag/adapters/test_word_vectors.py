"""Vectors of single words: each read in its text, as long as the text may be."""

import numpy as np
import pytest

from rag.adapters.embedding.sentence_transformers import load_encoder
from rag.adapters.embedding.weights import MINILM, choose_precision, locate_weights
from rag.adapters.embedding.word_vectors import MiniLMWords

TEXT = ["The", "ferry", "leaves", "the", "harbour", "at", "noon"]


@pytest.fixture(scope="module")
def words() -> MiniLMWords:
    return MiniLMWords()


def test_each_word_has_one_unit_vector(words: MiniLMWords) -> None:
    first, none, second = words.embed_words([TEXT, [], ["unbelievably"]])
    assert (first.shape, none.shape, second.shape) == ((7, 384), (0, 384), (1, 384))
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert words.embed_words([]) == []


def test_a_word_is_nearest_to_one_of_the_same_sense(words: MiniLMWords) -> None:
    first, second = words.embed_words([TEXT, ["Midday", "is", "the", "hottest", "time"]])
    assert (first @ second.T)[-1].argmax() == 0


def test_a_text_longer_than_the_window_loses_no_word(words: MiniLMWords) -> None:
    (found,) = words.embed_words([TEXT * 100])
    assert found.shape == (700, 384)
    assert np.linalg.norm(found, axis=1).min() > 0.99


def test_rare_words_weigh_more_than_common_ones(words: MiniLMWords) -> None:
    the, ferry, name = words.weigh_words(["the", "ferry", "quillfeather"])
    assert the < ferry < name


def test_the_weights_are_those_that_the_embedder_has_loaded(words: MiniLMWords) -> None:
    words.embed_words([TEXT])
    is_bfloat16 = choose_precision("auto") == "bfloat16"
    known = load_encoder.cache_info().misses
    load_encoder(locate_weights(MINILM), is_bfloat16=is_bfloat16)
    assert load_encoder.cache_info().misses == known
