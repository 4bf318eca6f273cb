"""Questions of many threads, embedded together and yet each as if it were alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.adapters.embedding.micro_batching import MicroBatchingEmbedder
from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import MINILM
from rag.adapters.embedding_server.requests import RequestRefused
from rag.adapters.memory.release import HashingEmbedder
from rag.errors import EmbedderError
from rag.ports import Vectors

QUESTIONS = [f"Question {n}: {'which boat ' * (n % 9)}leaves at {n}?" for n in range(64)]


class Gate(HashingEmbedder):
    """Holds its first call until it is told, and remembers the size of each."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.entered = threading.Event()
        self.opened = threading.Event()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As the hashing embedder; a text `bad` is refused, and with `down` nobody answers."""
        self.sizes.append(len(texts))
        self.entered.set()
        assert self.opened.wait(10)
        if "bad" in texts:
            raise EmbedderError("bad text")
        if "down" in texts:
            raise RequestRefused("the server is down", is_passing=True)
        return super().embed_queries(texts)


def ask_while_busy(
    gate: Gate, texts: list[str], *, most_texts: int = 32
) -> list[Vectors | EmbedderError]:
    """What each of `texts` gets, all but the first asked while the first is embedded."""
    embedder = MicroBatchingEmbedder(gate, most_texts=most_texts)

    def ask(text: str) -> Vectors | EmbedderError:
        try:
            return embedder.embed_queries([text])
        except EmbedderError as error:
            return error

    with ThreadPoolExecutor(len(texts)) as threads:
        first = threads.submit(ask, texts[0])
        assert gate.entered.wait(10)
        others = [threads.submit(ask, text) for text in texts[1:]]
        while len(embedder._waiting) < len(others):
            threading.Event().wait(0.001)
        gate.opened.set()
        return [each.result(10) for each in (first, *others)]


def test_what_arrives_while_the_embedder_is_busy_is_embedded_in_one_pass() -> None:
    gate = Gate()
    texts = [f"dogs {n}" for n in range(9)]
    vectors = ask_while_busy(gate, texts)
    assert gate.sizes == [1, 8]
    expected = HashingEmbedder().embed_queries(texts)
    for vector, wanted in zip(vectors, expected, strict=True):
        assert not isinstance(vector, EmbedderError)
        assert np.array_equal(vector, wanted[None])


def test_a_pass_has_a_most() -> None:
    gate = Gate()
    ask_while_busy(gate, [f"dogs {n}" for n in range(9)], most_texts=3)
    assert gate.sizes == [1, 3, 3, 2]


def test_a_question_that_cannot_be_embedded_fails_alone() -> None:
    gate = Gate()
    found = ask_while_busy(gate, ["a", "b", "bad", "c"])
    assert [isinstance(each, EmbedderError) for each in found] == [False, False, True, False]
    again = ask_while_busy(Gate(), ["bad", "b"])
    assert [isinstance(each, EmbedderError) for each in again] == [True, False]


def test_a_server_that_is_down_is_asked_once_for_all() -> None:
    gate = Gate()
    found = ask_while_busy(gate, ["a", "b", "down", "c"])
    assert [isinstance(each, EmbedderError) for each in found] == [False, True, True, True]
    assert gate.sizes == [1, 3]


def test_any_error_reaches_those_who_wait() -> None:
    class Broken(HashingEmbedder):
        def embed_queries(self, texts: Sequence[str]) -> Vectors:
            raise RuntimeError("out of memory")

    embedder = MicroBatchingEmbedder(Broken())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of memory"):
            embedder.embed_queries(["a"])


def test_several_texts_of_one_call_stay_together_and_in_order() -> None:
    embedder = MicroBatchingEmbedder(HashingEmbedder(), most_texts=2)
    texts = ["boats", "dogs", "leave"]
    expected = HashingEmbedder().embed_queries(texts)
    assert np.array_equal(embedder.embed_queries(texts), expected)
    assert np.array_equal(embedder.embed_documents(texts), expected)
    assert embedder.fingerprint == HashingEmbedder.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "least"), [("fp32", 1 - 1e-6), ("bfloat16", 0.9999)])
def test_a_question_has_the_same_vector_alone_and_in_a_crowd(precision: str, least: float) -> None:
    model = SentenceTransformersEmbedder(MINILM, precision=precision)  # type: ignore[arg-type]  # one of its literals
    alone = [model.embed_queries([text])[0] for text in QUESTIONS]
    embedder = MicroBatchingEmbedder(model)
    with ThreadPoolExecutor(16) as threads:
        crowded = list(threads.map(lambda text: embedder.embed_queries([text])[0], QUESTIONS * 3))
    for at, vector in enumerate(crowded):
        assert float(vector @ alone[at % len(alone)]) > least


def test_a_question_asked_again_is_not_embedded_again() -> None:
    gate = Gate()
    gate.opened.set()
    embedder = MicroBatchingEmbedder(gate)
    first = embedder.embed_queries(["dogs", "boats"])
    assert np.array_equal(embedder.embed_queries(["boats"])[0], first[1])
    assert gate.sizes == [2]
    embedder.embed_queries(["boats", "leave"])
    assert gate.sizes == [2, 1]
    assert embedder.embed_queries([]).shape[0] == 0
