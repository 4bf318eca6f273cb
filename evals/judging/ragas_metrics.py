"""The judged metrics of Ragas, asked through our own judge and our own embedder."""

import asyncio
import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # here, so that whoever imports ragas is not tracked

import ragas
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecision,
    ContextRecall,
    Faithfulness,
)
from ragas.metrics.collections.base import BaseMetric

from evals.judging.judge import Judge
from rag.errors import NotMeasured
from rag.ports import Embedder

Schema = TypeVar("Schema", bound=BaseModel)

ASKED_AS = 1  # counts up when we ask otherwise, or make the values of the verdicts otherwise
VERSION = f"ragas {ragas.__version__}, asked as of {ASKED_AS}"
"""Of the questions to the judge: values of one version alone can be compared."""


@dataclass(frozen=True, slots=True)
class Case:
    """What judged metrics look at, by the names that Ragas has for it."""

    user_input: str
    response: str
    retrieved_contexts: list[str]
    reference: str


class RagasJudge(InstructorBaseRagasLLM):
    """Our judge in the shape that Ragas expects, for one judgement.

    Ragas may ask the same prompt several times within one judgement and wants several answers, so
    each time is a turn of its own.
    """

    def __init__(self, judge: Judge, *, turn: str) -> None:
        self._judge = judge
        self._turn = turn
        self._times: Counter[tuple[str, str]] = Counter()

    def generate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """As `agenerate`, outside of an event loop."""
        return asyncio.run(self.agenerate(prompt, response_model))

    async def agenerate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """A checked answer of the judge. Raises NotMeasured."""
        question = (prompt, response_model.__name__)
        self._times[question] += 1
        turn = f"{self._turn}.{self._times[question]}"
        return await self._judge.ask(prompt, response_model, turn=turn)


class RagasEmbedding(BaseRagasEmbedding):
    """Our embedder in the shape that Ragas expects."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def embed_text(self, text: str, **_: Any) -> list[float]:
        """Vector of a question."""
        return [float(part) for part in self._embedder.embed_queries([text])[0]]

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        """As `embed_text`, in a thread."""
        return await asyncio.to_thread(self.embed_text, text)


@dataclass(frozen=True, slots=True)
class JudgedMetric:
    """A metric of Ragas: what it means, how it is made, and what of a case it takes.

    With `needs_reference` it applies to answerable questions alone.
    """

    definition: str
    make: Callable[[RagasJudge, RagasEmbedding], BaseMetric]
    takes: tuple[str, ...]
    needs_reference: bool = True


JUDGED: dict[str, JudgedMetric] = {
    "faithfulness": JudgedMetric(
        "share of the answer's statements that its passages support, where one was given",
        lambda judge, _: Faithfulness(judge),
        ("user_input", "response", "retrieved_contexts"),
        needs_reference=False,
    ),
    "answer_relevancy": JudgedMetric(
        "mean cosine of the question to three questions made from the answer, 0 if evasive",
        AnswerRelevancy,
        ("user_input", "response"),
    ),
    "context_precision": JudgedMetric(
        "average precision of the answer's passages, judged useful for the reference or not",
        lambda judge, _: ContextPrecision(judge),
        ("user_input", "reference", "retrieved_contexts"),
    ),
    "context_recall": JudgedMetric(
        "share of the reference's statements that the answer's passages support",
        lambda judge, _: ContextRecall(judge),
        ("user_input", "reference", "retrieved_contexts"),
    ),
}


async def score(name: str, case: Case, *, judge: Judge, embedder: Embedder, repeat: int) -> float:
    """One repeat of one judged metric. Raises NotMeasured with the reason."""
    metric = JUDGED[name]
    made = metric.make(RagasJudge(judge, turn=str(repeat)), RagasEmbedding(embedder))
    try:
        result = await made.ascore(**{part: getattr(case, part) for part in metric.takes})
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise NotMeasured(f"ragas could not compute {name}: {error}") from error
    value = float(result.value)
    if not math.isfinite(value):
        raise NotMeasured(f"ragas gave no finite {name}")
    return value
