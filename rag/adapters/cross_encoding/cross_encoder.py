"""A cross-encoder that reads question and text together, within a time budget, offline."""

import time
from collections.abc import Callable, Sequence

from rag.adapters.embedding.pair_classifier import PairClassifier, sigmoid

BATCH = 4  # chosen: the time is looked at after so many texts


class CrossEncoderReranker:
    """Scores texts by one model on the processor; calls from several threads take turns.

    Nothing is downloaded and no code that comes with a model is run. Raises EmbedderError.
    """

    def __init__(self, name_or_folder: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._model = PairClassifier(name_or_folder, role="reranker", setting="RAG_RERANKER")
        numbers = len(self._model.labels)
        if numbers != 1:
            reason = f"it gives {numbers} numbers for a text instead of 1"
            raise self._model.other_kind(name_or_folder, reason, wanted="with one output")
        self._clock = clock

    @property
    def name(self) -> str:
        """The model's name and the beginning of its weights' sha256."""
        return self._model.name

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """How well each text answers, 0 to 1, for as many texts from the first as time allows.

        Four texts at a time; the first four are always read, and no four are begun when `budget_s`
        is over, the wait for other threads counted. Raises EmbedderError.
        """
        started = self._clock()
        scores: list[float] = []
        with self._model.lock:
            while len(scores) < len(texts):
                if scores and self._clock() - started >= budget_s:
                    break
                batch = texts[len(scores) : len(scores) + BATCH]
                logits = self._model.read([(question, text) for text in batch])
                scores += (sigmoid(row[0]) for row in logits)
        return scores
