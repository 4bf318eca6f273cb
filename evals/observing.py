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
class CitationCheck:
    """Whether a citation is what it says; page and heading None where there is none to say.

    `quote`: it is exactly that span of that version of the document, in the release asked.
    """

    quote: bool
    page: bool | None
    heading: bool | None

    @property
    def is_valid(self) -> bool:
        """Whether nothing of it is wrong."""
        return self.quote and self.page is not False and self.heading is not False


NOT_THERE = CitationCheck(quote=False, page=None, heading=None)
"""Of a document that the release does not hold."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that the metrics of one sample need; there is a check for each citation."""

    targets: tuple[Target, ...]
    search: SearchResult | Missing
    answer: Answer | Missing
    answer_ms: float = 0.0
    citation_checks: tuple[CitationCheck, ...] = ()

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
        checks = tuple(self._check(citation) for citation in answer.citations)
        return replace(observation, citation_checks=checks)

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

    def _check(self, citation: Citation) -> CitationCheck:
        try:
            document = self._document(citation.document.id)
        except DocumentNotFound:
            return NOT_THERE
        start, end = citation.span.start, citation.span.end
        page, headings = document.page_at(start), self._headings_at(document, start)
        has_heading = bool(citation.heading or headings)
        return CitationCheck(
            quote=citation.release == self.manifest.release
            and citation.document.version == document.version
            and citation.quote == document.text[start:end],
            page=citation.page == page if citation.page or page else None,
            heading=_fits(citation.heading, headings) if has_heading else None,
        )

    def _headings_at(self, document: Document, offset: int) -> tuple[str, ...]:
        """The headings above a character of a document, read from its text alone."""
        if document.id not in self._blocks:
            self._blocks[document.id] = parse_markdown(document.text)
        blocks = self._blocks[document.id]
        return next((b.heading for b in blocks if b.span.start <= offset < b.span.end), ())


def _fits(named: tuple[str, ...], headings: tuple[str, ...]) -> bool:
    """A citation of several sections names the headings that are above all of them."""
    return named == headings[: len(named)]


def find_manifest(plumbline: QuestionSide, corpus: str) -> Manifest:
    """What the live release of a corpus says of itself. Raises CorpusNotFound."""
    for manifest in plumbline.corpora():
        if manifest.corpus == corpus:
            return manifest
    raise CorpusNotFound(
        f"no corpus {corpus!r}: create it with `python -m ingest add SOURCE --corpus {corpus}`"
    )
