"""Questions about chunks, drafted by the parts of Ragas' test-set generator through a chat model.

The generator's own loop loses every question if one reply is bad, so its parts are put together
here: what failed is counted, with the first reason.
"""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # here, so that whoever imports ragas is not tracked

import ragas._analytics
from ragas.dataset_schema import SingleTurnSample
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.prompt import StringIO
from ragas.testset.graph import KnowledgeGraph, Node, NodeType, Relationship
from ragas.testset.persona import Persona, PersonaGenerationPrompt
from ragas.testset.synthesizers.base import BaseScenario, BaseSynthesizer
from ragas.testset.synthesizers.multi_hop import MultiHopSpecificQuerySynthesizer
from ragas.testset.synthesizers.single_hop.specific import SingleHopSpecificQuerySynthesizer
from ragas.testset.transforms.extractors.llm_based import NERExtractor
from ragas.testset.transforms.relationship_builders import OverlapScoreBuilder
from ragas.tokenizers import BaseTokenizer

from evals.judging.replies import read_json
from rag.domain import Chunk, Message
from rag.errors import ChatModelError, NotMeasured
from rag.ports import ChatModel

Schema = TypeVar("Schema", bound=BaseModel)
Result = TypeVar("Result")


def _refuse(**_: str) -> str:
    raise OSError("nothing of us is to be told apart")


# else ragas leaves an id of the user in the home folder
ragas._analytics.user_data_dir = _refuse  # type: ignore[attr-defined]  # it has no setting

ATTEMPTS = 3  # as the judge has
CHUNK = "plumbline_chunk"
"""The property of a node that holds our chunk."""
AT_ONCE = 8  # as the judge has
PERSONAS = 3  # what Ragas makes itself
OF_TWO_CHUNKS = 1 / 3  # of the questions, where two chunks name the same; as Ragas divides them


@dataclass(frozen=True, slots=True)
class DraftedQuestion:
    """A question with its answer, both from these chunks alone."""

    question: str
    answer: str
    chunks: tuple[Chunk, ...]


@dataclass(slots=True)
class Failures:
    """How many replies could not be used, and why the first could not."""

    count: int = 0
    reason: str = ""

    async def none_if_failed(self, step: Awaitable[Result]) -> Result | None:
        """What the step gives; None where its reply could not be used, which is counted."""
        try:
            return await step
        except (NotMeasured, ValueError, LookupError, TypeError) as error:
            self.count += 1
            self.reason = self.reason or " ".join(str(error).split())
            return None


class ChatWriter(InstructorBaseRagasLLM):
    """A chat model in the shape that Ragas expects; every reply is checked."""

    is_async = True

    def __init__(self, chat_model: ChatModel, max_tokens: int) -> None:
        self._chat_model = chat_model
        self._max_tokens = max_tokens
        self._slots = asyncio.Semaphore(AT_ONCE)

    def generate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """As `agenerate`, outside of an event loop."""
        return asyncio.run(self.agenerate(prompt, response_model))

    async def agenerate(self, prompt: str, response_model: type[Schema]) -> Schema:
        """A reply of that form. Raises NotMeasured."""
        fault = ""
        async with self._slots:
            for _ in range(ATTEMPTS):
                try:
                    return response_model.model_validate(read_json(await self._ask(prompt)))
                except ChatModelError as error:
                    raise NotMeasured(str(error)) from error
                except ValueError as error:
                    fault = str(error).splitlines()[0]
        raise NotMeasured(f"no valid {response_model.__name__} in {ATTEMPTS} replies: {fault}")

    async def _ask(self, prompt: str) -> str:
        stream = self._chat_model.stream([Message("user", prompt)], max_tokens=self._max_tokens)
        return "".join([piece async for piece in stream])


class _Characters(BaseTokenizer):
    """Characters as tokens: Ragas' own tokenizer is fetched from the network."""

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, tokens: list[int]) -> str:
        return "".join(map(chr, tokens))


@dataclass(slots=True)
class QuestionDrafter:
    """Drafts questions about chunks, one event loop long; `failures` counts what was lost."""

    chat_model: ChatModel
    max_tokens: int
    failures: Failures = field(default_factory=Failures)

    async def draft(self, chunks: Sequence[Chunk], most: int) -> list[DraftedQuestion]:
        """At most so many questions, about a third of them on two chunks that name the same."""
        writer = ChatWriter(self.chat_model, self.max_tokens)
        graph = await self._read(chunks, writer)
        personas = await self._imagine(graph.nodes[:PERSONAS], writer)
        pairs = [
            KnowledgeGraph([pair.source, pair.target], [pair])
            for pair in graph.relationships[: int(most * OF_TWO_CHUNKS)]
        ]
        singles = [KnowledgeGraph([node]) for node in graph.nodes[: most - len(pairs)]]
        of_two = MultiHopSpecificQuerySynthesizer(llm=writer)
        of_one = SingleHopSpecificQuerySynthesizer(llm=writer)
        written = await asyncio.gather(
            *(self._write(of_two, pair, personas) for pair in pairs),
            *(self._write(of_one, single, personas) for single in singles),
        )
        return [question for question in written if question]

    async def _read(self, chunks: Sequence[Chunk], writer: ChatWriter) -> KnowledgeGraph:
        """The chunks that name something, joined where two name the same."""
        nodes = [
            Node(type=NodeType.CHUNK, properties={"page_content": chunk.text, CHUNK: chunk})
            for chunk in chunks
        ]
        reader = NERExtractor(llm=writer, tokenizer=_Characters())
        found = await asyncio.gather(
            *(self.failures.none_if_failed(reader.extract(node)) for node in nodes)
        )
        graph = KnowledgeGraph()
        for node, named in zip(nodes, found, strict=True):
            if named and named[1]:
                node.add_property(*named)
                graph.nodes.append(node)
        joined: list[Relationship] = await OverlapScoreBuilder().transform(graph)
        graph.relationships.extend(joined)
        return graph

    async def _imagine(self, nodes: Sequence[Node], writer: ChatWriter) -> list[Persona]:
        """People who might ask about what the chunks say."""
        prompt = PersonaGenerationPrompt()
        texts = [StringIO(text=str(node.get_property("page_content"))) for node in nodes]
        steps = (prompt.generate(llm=writer, data=text) for text in texts)
        found = await asyncio.gather(*map(self.failures.none_if_failed, steps))
        return [persona for persona in found if persona]

    async def _write(
        self,
        synthesizer: BaseSynthesizer[BaseScenario],
        graph: KnowledgeGraph,
        personas: list[Persona],
    ) -> DraftedQuestion | None:
        """A question on the one or two chunks of a graph."""
        planned = synthesizer.generate_scenarios(1, graph, personas)
        scenarios = await self.failures.none_if_failed(planned)
        if not scenarios:
            return None
        written = synthesizer.generate_sample(scenarios[0])
        sample = await self.failures.none_if_failed(written)
        if not isinstance(sample, SingleTurnSample):
            return None
        question, answer = (sample.user_input or "").strip(), (sample.reference or "").strip()
        chunks = tuple(node.properties[CHUNK] for node in scenarios[0].nodes)
        return DraftedQuestion(question, answer, chunks) if question and answer else None
