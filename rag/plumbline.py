"""The question side as one object: search, answer, read documents, over live releases."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import rag
from rag.answering.draft import Draft, abstain
from rag.answering.expansion import expand, expansion_label
from rag.answering.extractive import Asked, answer_extractively
from rag.answering.followups import Standalone
from rag.answering.prompted import Evidence, stream_prompted
from rag.answering.prompts import load_prompt
from rag.answering.rewriting import rewrite
from rag.domain import (
    Answer,
    AnswerDelta,
    Document,
    DocumentRef,
    Expansion,
    Fingerprint,
    Manifest,
    Message,
    Passage,
    SearchResult,
)
from rag.embedders import tell_precision
from rag.errors import ChatModelUnavailable, InvalidQuestion, RagError
from rag.live import LiveCorpora
from rag.ports import ChatModel
from rag.releases import OpenRelease, corpus_not_found
from rag.retrieval.packing import pack
from rag.retrieval.question import check_question
from rag.retrieval.searcher import Searcher
from rag.scope import Scope

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

EXTRACTIVE = "extractive"
HITS_TO_PACK = 30
EVERYTHING_PUBLIC = Scope()


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers are made where a request does not say."""

    expansion: Expansion = "none"
    context_characters: int = 6000
    min_confidence: float | None = None
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class _Asking:
    """A conversation, its last question made to stand alone, and all that is searched for it."""

    conversation: Sequence[Message]
    standalone: Standalone
    questions: Sequence[str]
    expanded_by: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """One question on its way to an answer."""

    asking: _Asking
    release: OpenRelease
    result: SearchResult
    passages: tuple[Passage, ...]
    retriever: str


class Plumbline:
    """Thread-safe; a request sees one release from its beginning to its end."""

    def __init__(
        self,
        corpora: LiveCorpora,
        searcher: Searcher,
        *,
        chat_model: ChatModel | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._corpora = corpora
        self._searcher = searcher
        self._chat_model = chat_model
        self._policy = policy or Policy()
        self._prompt = load_prompt()

    def corpora(self) -> list[Manifest]:
        """Manifests of the live releases, sorted by corpus."""
        return self._corpora.manifests()

    def corpus(self, name: str) -> Manifest:
        """The manifest of one corpus's live release. Raises CorpusNotFound."""
        for manifest in self.corpora():
            if manifest.corpus == name:
                return manifest
        raise corpus_not_found(name)

    def precision_note(self, manifest: Manifest) -> str:
        """What to know where questions are embedded otherwise than a release was; else nothing."""
        return tell_precision(manifest, self._searcher.embedder_of(manifest))

    def search(
        self,
        query: str,
        *,
        corpus: str,
        top_k: int = 10,
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> SearchResult:
        """Ranked hits, without any chat model.

        Raises InvalidQuestion, InvalidFilter, CorpusNotFound, ReleaseNotFound.
        """
        question = check_question(query)
        with self._open(corpus, scope) as release:
            return self._searcher.search([question], release, scope, top_k=top_k)

    @contextmanager
    def _open(self, corpus: str, scope: Scope) -> Iterator[OpenRelease]:
        """A release in which there is nothing but what the request may read."""
        with self._corpora.hold(corpus, scope.release) as held:
            yield held.as_read_by(scope.readers)

    async def answer(
        self,
        conversation: Sequence[Message],
        *,
        corpus: str,
        max_tokens: int | None = None,
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """Deltas of the text, then exactly one Answer.

        Raises what `search` raises before the first item, ChatModelTruncated when the model's
        stream breaks off. A model that is not there at all gives an extractive answer, marked
        degraded.
        """
        started = time.perf_counter()
        check_question(_last_question(conversation))
        with self._open(corpus, scope) as release:
            limit = min(max_tokens or self._policy.max_tokens, self._policy.max_tokens)
            standalone = await rewrite(conversation, self._chat_model)
            how = scope.expansion or self._policy.expansion
            questions = await expand(check_question(standalone.question), self._chat_model, how)
            expanded_by = f" {how} {expansion_label(how)}" if len(questions) > 1 else ""
            asking = _Asking(conversation, standalone, questions, expanded_by, limit)
            turn = await _finish_in_thread(self._prepare, release, scope, asking)
            searched = time.perf_counter()
            said = ""
            async for item in self._draft(turn):
                if isinstance(item, AnswerDelta):
                    said += item.text
                    yield item
                    continue
                for piece in item.pieces_after(said):
                    yield AnswerDelta(piece)
                ended = time.perf_counter()
                timings = {"search": (searched - started) * 1e3, "total": (ended - started) * 1e3}
                yield self._stamp(item, turn, timings)

    def _prepare(self, release: OpenRelease, scope: Scope, asking: _Asking) -> _Turn:
        result = self._searcher.search(asking.questions, release, scope, top_k=HITS_TO_PACK)
        passages = pack(
            result.hits, release.documents, budget_characters=self._policy.context_characters
        )
        retriever = self._searcher.label(scope) + asking.expanded_by
        return _Turn(asking, release, result, passages, retriever)

    async def _draft(self, turn: _Turn) -> AsyncIterator[AnswerDelta | Draft]:
        least = self._policy.min_confidence
        threshold = turn.release.threshold if least is None else least
        if turn.result.confidence < threshold or not turn.passages:
            yield abstain(turn.result.corpus, _titles(turn.passages))
            return
        degraded = False
        if self._chat_model is not None:
            try:
                async for item in self._prompted(turn, self._chat_model):
                    yield item
                return
            except ChatModelUnavailable as error:
                log.warning("answering without the chat model: %s", error)
                degraded = True
        draft = await _finish_in_thread(self._extract, turn)
        yield replace(draft, degraded=degraded)

    def _prompted(self, turn: _Turn, chat_model: ChatModel) -> AsyncIterator[AnswerDelta | Draft]:
        result = turn.result
        analyze = turn.release.lexical.analyze
        return stream_prompted(
            turn.asking.conversation,
            Evidence(result.corpus, result.release, turn.passages, analyze),
            chat_model=chat_model,
            prompt=self._prompt,
            max_tokens=turn.asking.max_tokens,
        )

    def _extract(self, turn: _Turn) -> Draft:
        return answer_extractively(
            Asked(turn.asking.standalone.question, _last_question(turn.asking.conversation)),
            turn.passages,
            release=turn.result.release,
            embedder=self._searcher.embedder_of(turn.release.manifest),
            lexical=turn.release.lexical,
        )

    def _stamp(self, draft: Draft, turn: _Turn, timings_ms: dict[str, float]) -> Answer:
        manifest = turn.release.manifest
        prompted = self._chat_model is not None and not draft.degraded
        chat_model = self._chat_model.name if self._chat_model and prompted else ""
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            status=draft.status,
            text=draft.text,
            corpus=manifest.corpus,
            release=manifest.release,
            generator=chat_model or EXTRACTIVE,
            confidence=turn.result.confidence,
            citations=draft.citations,
            sentences=draft.sentences,
            passages=turn.passages,
            fingerprint=Fingerprint(
                code=rag.__version__,
                prompt=self._prompt.label if prompted else "",
                chat_model=chat_model,
                embedder=manifest.embedder,
                chunker=manifest.chunker,
                retriever=turn.retriever,
                release=f"{manifest.corpus}@{manifest.release}",
            ),
            trace_id=uuid.uuid4().hex,
            standalone_question=turn.asking.standalone.question,
            standalone_by=turn.asking.standalone.by,
            usage=draft.usage,
            timings_ms=timings_ms,
            degraded=draft.degraded,
            truncated=draft.truncated,
        )

    def document(
        self, document_id: str, *, corpus: str, scope: Scope = EVERYTHING_PUBLIC
    ) -> Document:
        """A whole document. Raises DocumentNotFound, CorpusNotFound, ReleaseNotFound."""
        with self._open(corpus, scope) as release:
            return release.documents.document(document_id)

    def documents(self, corpus: str, *, scope: Scope = EVERYTHING_PUBLIC) -> list[DocumentRef]:
        """The documents that may be read, in order of their source. Raises CorpusNotFound."""
        with self._open(corpus, scope) as release:
            return release.documents.references()

    def refresh(self) -> dict[str, RagError]:
        """Open what was published since and swap it in; what failed, by the name of its corpus."""
        return self._corpora.refresh()

    def close(self) -> None:
        """Close every release when its last request has ended."""
        self._corpora.close()


async def _finish_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of blocking work, which is waited for even when the caller is cancelled.

    So the release that it reads is still held while it reads.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _last_question(conversation: Sequence[Message]) -> str:
    if not conversation or conversation[-1].role != "user":
        raise InvalidQuestion("the conversation must end with a message of the user")
    return conversation[-1].content


def _titles(passages: Sequence[Passage]) -> list[str]:
    return [passage.document.title for passage in passages[:3]]
