"""What the system did with a sample: its hits, its answer, the times, the evidence to judge by.

Whatever could not be observed is a Missing with its reason, and goes into the report as such.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from evals.samples.locating import Sources, Target, find_target
from evals.samples.sample import Sample
from ingest.text.structure import Block, parse_markdown
from rag.domain import Answer, AnswerDelta, Citation, Document, DocumentRef, Message, SearchResult
from rag.errors import CorpusNotFound, DocumentNotFound, RagError
from rag.releases.manifest import Manifest
from rag.retrieval.scope import Scope

HITS = 100  # the most that a search gives


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

    def search(self, query: str, *, corpus: str, top_k: int | None = None) -> SearchResult:
        """Ranked hits."""
        ...

    def answer(
        self, conversation: Sequence[Message], *, corpus: str, top_k: int | None = None
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """Deltas, then one Answer with its search."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that could not be measured, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that the metrics of one sample need; `valid_citations` has one for each."""

    targets: tuple[Target, ...]
    search: SearchResult | Missing
    answer: Answer | Missing
    answer_ms: float = 0.0
    valid_citations: tuple[bool, ...] = ()

    @property
    def is_evidence_there(self) -> bool:
        """False where a piece of evidence is gone, so that the question cannot be answered."""
        return all(target.places for target in self.targets)


class Kept(Protocol):
    """Observations of a run that was cut off, and those that it goes on with."""

    def find(self, sample_id: str) -> Observation | None:
        """What was observed of a sample, if it was."""
        ...

    def add(self, sample_id: str, observation: Observation) -> None:
        """Keep what was observed of a sample."""
        ...


class Observer:
    """Puts samples to the live release of one corpus, one at a time so that times are true."""

    def __init__(self, plumbline: QuestionSide, corpus: str, kept: Kept | None = None) -> None:
        self._plumbline = plumbline
        self._kept = kept
        self._corpus = corpus
        self.manifest = find_manifest(plumbline, corpus)
        self._blocks: dict[str, list[Block]] = {}
        self._sources = Sources(plumbline.documents(corpus), self._document)

    def _document(self, document_id: str) -> Document:
        scope = Scope(release=self.manifest.release)
        return self._plumbline.document(document_id, corpus=self._corpus, scope=scope)

    def warm_up(self) -> None:
        """Search once, so that what happens only at the first search is in no sample's time."""
        self._plumbline.search("warm up", corpus=self._corpus, top_k=1)

    async def observe(self, sample: Sample) -> Observation:
        """The sample's observation, the one that was kept if there is one."""
        found = self._kept.find(sample.id) if self._kept else None
        if found is None:
            found = await self._ask(sample)
            if self._kept:
                self._kept.add(sample.id, found)
        return found

    async def _ask(self, sample: Sample) -> Observation:
        """Ask a sample; a RagError on the way becomes a Missing."""
        targets = tuple(find_target(evidence, self._sources) for evidence in sample.evidence)
        answer, answer_ms = await self._answer(sample)
        search = answer.search if isinstance(answer, Answer) else self._search(sample, answer)
        observation = Observation(targets, search, answer, answer_ms)
        if isinstance(answer, Missing):
            return observation
        if answer.degraded:
            return replace(observation, answer=Missing("the chat model did not answer"))
        valid = tuple(self._is_valid(citation) for citation in answer.citations)
        return replace(observation, valid_citations=valid)

    async def _answer(self, sample: Sample) -> tuple[Answer | Missing, float]:
        started = time.perf_counter()
        answer: Answer | Missing = Missing("the answer's stream ended without an answer")
        try:
            stream = self._plumbline.answer(sample.conversation, corpus=self._corpus, top_k=HITS)
            async for item in stream:
                if isinstance(item, Answer):
                    answer = item
        except RagError as error:
            answer = Missing(f"no answer: {error}")
        return answer, (time.perf_counter() - started) * 1e3

    def _search(self, sample: Sample, answer: Missing) -> SearchResult | Missing:
        """What a first question finds, though no answer came of it."""
        if len(sample.conversation) > 1:
            return Missing(f"no stand-alone question: {answer.reason}")
        try:
            return self._plumbline.search(sample.question, corpus=self._corpus, top_k=HITS)
        except RagError as error:
            return Missing(f"no search result: {error}")

    def _is_valid(self, citation: Citation) -> bool:
        """Whether it quotes its span, on that page and under those headings."""
        try:
            document = self._document(citation.document.id)
        except DocumentNotFound:
            return False
        start, end = citation.span.start, citation.span.end
        headings = self._headings_at(document, start)
        return (
            citation.release == self.manifest.release
            and citation.document.version == document.version
            and citation.quote == document.text[start:end]
            and citation.page == document.page_at(start)
            and citation.heading == headings[: len(citation.heading)]
        )

    def _headings_at(self, document: Document, offset: int) -> tuple[str, ...]:
        """The headings above a character of a document, read from its text alone."""
        if document.id not in self._blocks:
            self._blocks[document.id] = parse_markdown(document.text)
        blocks = self._blocks[document.id]
        return next((b.heading for b in blocks if b.span.start <= offset < b.span.end), ())


def find_manifest(plumbline: QuestionSide, corpus: str) -> Manifest:
    """What the live release of a corpus says of itself. Raises CorpusNotFound."""
    for manifest in plumbline.corpora():
        if manifest.corpus == corpus:
            return manifest
    raise CorpusNotFound(
        f"no corpus {corpus!r}: create it with `python -m ingest add SOURCE --corpus {corpus}`"
    )
