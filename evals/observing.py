"""What the system did with a sample: its hits, its answer, the times, the evidence to judge by.

Whatever could not be observed is a Missing with its reason, and goes into the report as such.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from evals.samples.locating import Sources, Target, find_target
from evals.samples.sample import Sample
from rag.domain import Answer, AnswerDelta, Citation, Document, DocumentRef, Message, SearchResult
from rag.errors import CorpusNotFound, DocumentNotFound, RagError
from rag.releases.manifest import Manifest
from rag.retrieval.scope import Scope

HITS = 100


class QuestionSide(Protocol):
    """What an evaluation uses of `rag.plumbline.Plumbline`."""

    def corpora(self) -> list[Manifest]:
        """Manifests of the live releases."""
        ...

    def documents(self, corpus: str) -> list[DocumentRef]:
        """All documents of the live release."""
        ...

    def document(self, document_id: str, *, corpus: str, scope: Scope = ...) -> Document:
        """A whole document."""
        ...

    def search(self, query: str, *, corpus: str, top_k: int = 10) -> SearchResult:
        """Ranked hits."""
        ...

    def answer(
        self, conversation: Sequence[Message], *, corpus: str
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """Deltas, then one Answer."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that could not be measured, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that the metrics of one sample need; `exact_quotes` has one entry a citation."""

    targets: tuple[Target, ...]
    search: SearchResult | Missing
    answer: Answer | Missing
    search_ms: float = 0.0
    answer_ms: float = 0.0
    exact_quotes: tuple[bool, ...] = ()

    @property
    def is_evidence_there(self) -> bool:
        """False where a piece of evidence is gone, so that the question cannot be answered."""
        return all(target.places for target in self.targets)


class Observer:
    """Puts samples to the live release of one corpus, one at a time so that times are true."""

    def __init__(self, plumbline: QuestionSide, corpus: str) -> None:
        self._plumbline = plumbline
        self._corpus = corpus
        self.manifest = _find_manifest(plumbline, corpus)
        self._sources = Sources(plumbline.documents(corpus), self._document)

    def _document(self, document_id: str) -> Document:
        scope = Scope(release=self.manifest.release)
        return self._plumbline.document(document_id, corpus=self._corpus, scope=scope)

    def warm_up(self) -> None:
        """Search once, so that what happens only at the first search is in no sample's time."""
        self._plumbline.search("warm up", corpus=self._corpus, top_k=1)

    async def observe(self, sample: Sample) -> Observation:
        """The sample's observation; a RagError on the way becomes a Missing."""
        targets = tuple(find_target(evidence, self._sources) for evidence in sample.evidence)
        answer, answer_ms = await self._answer(sample)
        search, search_ms = self._search(sample, answer)
        observation = Observation(targets, search, answer, search_ms, answer_ms)
        if isinstance(answer, Missing):
            return observation
        if answer.degraded:
            return replace(observation, answer=Missing("the chat model did not answer"))
        quotes = tuple(self._is_exact(citation) for citation in answer.citations)
        return replace(observation, exact_quotes=quotes)

    async def _answer(self, sample: Sample) -> tuple[Answer | Missing, float]:
        started = time.perf_counter()
        answer: Answer | Missing = Missing("the answer's stream ended without an answer")
        try:
            async for item in self._plumbline.answer(sample.conversation, corpus=self._corpus):
                if isinstance(item, Answer):
                    answer = item
        except RagError as error:
            answer = Missing(f"no answer: {error}")
        return answer, (time.perf_counter() - started) * 1e3

    def _search(
        self, sample: Sample, answer: Answer | Missing
    ) -> tuple[SearchResult | Missing, float]:
        if isinstance(answer, Answer):
            query = answer.standalone_question
        elif len(sample.conversation) == 1:
            query = sample.question
        else:
            return Missing(f"no stand-alone question: {answer.reason}"), 0.0
        started = time.perf_counter()
        try:
            result = self._plumbline.search(query, corpus=self._corpus, top_k=HITS)
        except RagError as error:
            return Missing(f"no search result: {error}"), 0.0
        return result, (time.perf_counter() - started) * 1e3

    def _is_exact(self, citation: Citation) -> bool:
        try:
            document = self._document(citation.document.id)
        except DocumentNotFound:
            return False
        return (
            citation.release == self.manifest.release
            and citation.document.version == document.version
            and document.text[citation.span.start : citation.span.end] == citation.quote
        )


def _find_manifest(plumbline: QuestionSide, corpus: str) -> Manifest:
    for manifest in plumbline.corpora():
        if manifest.corpus == corpus:
            return manifest
    raise CorpusNotFound(
        f"no corpus {corpus!r}: create it with `python -m ingest add SOURCE --corpus {corpus}`"
    )
