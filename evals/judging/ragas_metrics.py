"""The judged metrics of Ragas, asked through our own judge and our own embedder."""

import asyncio
import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # here, so that whoever imports ragas is not tracked

import ragas
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecision,
    ContextRecall,
    FactualCorrectness,
    Faithfulness,
    NoiseSensitivity,
)
from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.collections.faithfulness.util import (
    NLIStatementInput,
    NLIStatementOutput,
    NLIStatementPrompt,
)

from evals.judging.voting import Question
from rag.errors import NotMeasured
from rag.ports import Embedder

Schema = TypeVar("Schema", bound=BaseModel)

ASKED_AS = 2  # counts up when we ask otherwise, or make the values of the verdicts otherwise
VERSION = f"ragas {ragas.__version__}, asked as of {ASKED_AS}"
"""Of the questions to the judge: values of one version alone can be compared."""


@dataclass(frozen=True, slots=True)
class Case:
    """What judged metrics look at, by the names that Ragas has for it."""

    user_input: str
    response: str
    retrieved_contexts: list[str]
    reference: str


class Asked(Protocol):
    """Who answers a question of Ragas."""

    async def ask(self, question: Question, schema: type[Schema]) -> Schema:
        """A checked answer. Raises NotMeasured."""
        ...


class RagasJudge(InstructorBaseRagasLLM):
    """Who answers, in the shape that Ragas expects, for one judgement.

    Ragas may ask the same prompt several times within one judgement and wants several answers.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._times: Counter[tuple[str, str]] = Counter()

    def generate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """As `agenerate`, outside of an event loop."""
        return asyncio.run(self.agenerate(prompt, response_model))

    async def agenerate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """A checked answer. Raises NotMeasured."""
        form = response_model.__name__
        self._times[prompt, form] += 1
        question = Question(prompt, form, self._times[prompt, form])
        return await self._asked.ask(question, response_model)


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

    With `needs_reference` it applies to answerable questions alone, with `needs_answer` where one
    was given.
    """

    definition: str
    make: Callable[[RagasJudge, RagasEmbedding], BaseMetric]
    takes: tuple[str, ...]
    needs_reference: bool = True
    needs_answer: bool = False


JUDGED: dict[str, JudgedMetric] = {
    "faithfulness": JudgedMetric(
        "share of the answer's statements that its passages support, where one was given",
        lambda judge, _: Faithfulness(judge),
        ("user_input", "response", "retrieved_contexts"),
        needs_reference=False,
        needs_answer=True,
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
    "factual_correctness": JudgedMetric(
        "F1 of the answer's claims that the reference supports and the reverse, where one was "
        "given; Ragas rounds it to hundredths",
        lambda judge, _: FactualCorrectness(judge),
        ("response", "reference"),
        needs_answer=True,
    ),
    "noise_sensitivity": JudgedMetric(
        "share of the answer's statements that are wrong by the reference, yet supported by a "
        "passage that holds some of it, where one was given; less is better",
        lambda judge, _: NoiseSensitivity(judge),
        ("user_input", "response", "reference", "retrieved_contexts"),
        needs_answer=True,
    ),
}


async def score(name: str, case: Case, *, asked: Asked, embedder: Embedder) -> float:
    """A judged metric by the answers of `asked`. Raises NotMeasured with the reason."""
    metric = JUDGED[name]
    made = metric.make(RagasJudge(asked), RagasEmbedding(embedder))
    try:
        result = await made.ascore(**{part: getattr(case, part) for part in metric.takes})
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise NotMeasured(f"ragas could not compute {name}: {error}") from error
    value = float(result.value)
    if not math.isfinite(value):
        raise NotMeasured(f"ragas gave no finite {name}")
    return value


async def infer(statement: str, context: str, *, asked: Asked) -> None:
    """Put one statement to the judge, as faithfulness does. Raises NotMeasured."""
    prompt = NLIStatementPrompt().to_string(
        NLIStatementInput(context=context, statements=[statement])
    )
    await RagasJudge(asked).agenerate(prompt, NLIStatementOutput)
