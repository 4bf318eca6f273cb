"""Two embedders as one: their vectors side by side, so that one index searches by both at once.

A model of English knows the sense of a paraphrase better, one of a hundred languages bears typing
errors and other languages. `docs/decisions/embedder-pair.md` has what each finds alone.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import (
    MINILM,
    MULTILINGUAL_E5,
    PAIR,
    Prefixes,
    fingerprint_of,
)
from rag.ports import CountingEmbedder, Embedder, Vectors

WEIGHT_OF_SECOND = 4.0
"""The second's cosines lie four times as close together; from 3 to 6 as much is found, in .01."""
STRANGE, KNOWN = 0.6, 0.85
"""Words a piece: in German, French and Spanish questions .45 to .7, in English ones .8 to 1."""
BEYOND_LATIN = "\u0250"
"""The first reads no other script: a word of one is unknown to it, though it may be one piece."""
WORD = re.compile(r"\w+")


def load_embedder(
    name: str,
    precision: Literal["auto", "fp32", "bfloat16"],
    prefixes: Prefixes,
    *,
    share: Callable[[CountingEmbedder], CountingEmbedder] = lambda embedder: embedder,
) -> CountingEmbedder:
    """One model, or the pair of the packaged ones, each as `share` has it. Raises EmbedderError."""
    if name != PAIR:
        return share(SentenceTransformersEmbedder(name, precision=precision, prefixes=prefixes))
    return EmbedderPair(
        share(SentenceTransformersEmbedder(MINILM, precision=precision)),
        share(SentenceTransformersEmbedder(MULTILINGUAL_E5, precision=precision)),
        fingerprint=fingerprint_of(PAIR, precision, prefixes),
    )


class EmbedderPair:
    """Vectors of both embedders, each a part of one unit vector.

    How much the first counts is decided by each question: it is an embedder of one language, and a
    question whose words it must take to pieces is in another one, or mistyped. The second reads
    all languages; texts are counted in its tokens.
    """

    def __init__(
        self, first: CountingEmbedder, second: CountingEmbedder, *, fingerprint: str
    ) -> None:
        self.fingerprint = fingerprint
        self._first = first
        self._second = second

    @property
    def max_tokens(self) -> int:
        """Tokens that fit the window of the second; what the first cannot read it leaves out."""
        return self._second.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, as the second counts them."""
        return self._second.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, the first's dimensions before the second's, in the order of `texts`."""
        first, second = self._first.embed_documents(texts), self._second.embed_documents(texts)
        return _join(first, second, np.ones(len(texts), dtype=np.float32), 1.0)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_documents`, the parts weighed for each question."""
        first, second = self._first.embed_queries(texts), self._second.embed_queries(texts)
        shares = np.array([self._know(text) for text in texts], dtype=np.float32)
        return _join(first, second, shares, WEIGHT_OF_SECOND)

    def for_sentences(self, question: str) -> Embedder:
        """The first alone where it knows all words of the question: a third of the time.

        Of questions in English as many answers are right (docs/decisions/extractive-answers.md).
        """
        return self._first if self._know(question) == 1.0 else self

    def _know(self, text: str) -> float:
        """How well the first knows the words of a text, from 0 to 1."""
        words = WORD.findall(text)
        latin = [word for word in words if max(word) < BEYOND_LATIN]
        pieces = sum(self._first.count_tokens(latin)) + len(words) - len(latin)
        whole = len(latin) / pieces if pieces else 1.0
        return min(1.0, max(0.0, (whole - STRANGE) / (KNOWN - STRANGE)))


def _join(first: Vectors, second: Vectors, shares: Vectors, weight: float) -> Vectors:
    joined = np.concatenate([first * shares[:, None], second * np.float32(weight)], axis=1)
    unit: Vectors = joined / np.linalg.norm(joined, axis=1, keepdims=True)
    return np.ascontiguousarray(unit, dtype=np.float32)
