"""The judged metrics of Ragas, asked through our own judge and our own embedder."""

import asyncio
import math
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # before the import: ragas reads it once

from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecision,
    ContextRecall,
    Faithfulness,
)
from ragas.metrics.result import MetricResult

from evals.judging.judge import Judge
from rag.errors import NotMeasured
from rag.ports import Embedder

Schema = TypeVar("Schema", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Case:
    """What a judged metric looks at."""

    question: str
    response: str
    contexts: tuple[str, ...]
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
    """A Ragas metric: its definition, its call, and whether it needs an answerable question."""

    definition: str
    score: Callable[[Case, RagasJudge, RagasEmbedding], Awaitable[MetricResult]]
    needs_reference: bool


def _faithfulness(case: Case, judge: RagasJudge, _: RagasEmbedding) -> Awaitable[MetricResult]:
    return Faithfulness(llm=judge).ascore(
        user_input=case.question,
        response=case.response,
        retrieved_contexts=list(case.contexts),
    )


def _relevancy(case: Case, judge: RagasJudge, embedding: RagasEmbedding) -> Awaitable[MetricResult]:
    metric = AnswerRelevancy(llm=judge, embeddings=embedding)
    return metric.ascore(user_input=case.question, response=case.response)


def _precision(case: Case, judge: RagasJudge, _: RagasEmbedding) -> Awaitable[MetricResult]:
    return ContextPrecision(llm=judge).ascore(
        user_input=case.question,
        reference=case.reference,
        retrieved_contexts=list(case.contexts),
    )


def _recall(case: Case, judge: RagasJudge, _: RagasEmbedding) -> Awaitable[MetricResult]:
    return ContextRecall(llm=judge).ascore(
        user_input=case.question,
        retrieved_contexts=list(case.contexts),
        reference=case.reference,
    )


JUDGED: dict[str, JudgedMetric] = {
    "faithfulness": JudgedMetric(
        "share of the answer's statements that its passages support, where one was given",
        _faithfulness,
        needs_reference=False,
    ),
    "answer_relevancy": JudgedMetric(
        "mean cosine of the question to three questions made from the answer, 0 if evasive",
        _relevancy,
        needs_reference=True,
    ),
    "context_precision": JudgedMetric(
        "average precision of the answer's passages, judged useful for the reference or not",
        _precision,
        needs_reference=True,
    ),
    "context_recall": JudgedMetric(
        "share of the reference's statements that the answer's passages support",
        _recall,
        needs_reference=True,
    ),
}


async def score(name: str, case: Case, *, judge: Judge, embedder: Embedder, repeat: int) -> float:
    """One repeat of one judged metric. Raises NotMeasured with the reason."""
    llm = RagasJudge(judge, turn=str(repeat))
    try:
        result = await JUDGED[name].score(case, llm, RagasEmbedding(embedder))
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise NotMeasured(f"ragas could not compute {name}: {error}") from error
    value = float(result.value)
    if not math.isfinite(value):
        raise NotMeasured(f"ragas gave no finite {name}")
    return value
