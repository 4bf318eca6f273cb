"""Answers from one release: searched, packed, written by a chat model or quoted, and stamped."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from rag.answering.code_version import code_version
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
    Expansion,
    Fingerprint,
    Message,
    Passage,
    SearchResult,
)
from rag.errors import ChatModelUnavailable, InvalidQuestion
from rag.ports import ChatModel
from rag.releases.folder import OpenRelease
from rag.retrieval.packing import HITS_TO_PACK, pack
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope
from rag.retrieval.searcher import Searcher

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers are made where a request does not say."""

    expansion: Expansion = "none"
    context_characters: int = 6000
    min_confidence: float | None = None
    max_tokens: int = 1024
    top_k: int = 10


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
    scope: Scope


class Answerer:
    """Answers questions put to any release that is held open meanwhile."""

    def __init__(self, searcher: Searcher, chat_model: ChatModel | None, policy: Policy) -> None:
        self._searcher = searcher
        self._chat_model = chat_model
        self._policy = policy
        self._prompt = load_prompt()

    def threshold(self, release: OpenRelease) -> float:
        """The least confidence of an answer: the setting's, else what the release has learned."""
        least = self._policy.min_confidence
        return release.threshold if least is None else least

    @property
    def budget_characters(self) -> int:
        """Evidence that is given to an answer, in characters."""
        return self._policy.context_characters

    async def stand_alone(self, conversation: Sequence[Message]) -> Standalone:
        """The last question without need of those before it. Raises InvalidQuestion."""
        check_question(last_question(conversation))
        standalone = await rewrite(conversation, self._chat_model)
        check_question(standalone.question)
        return standalone

    async def answer(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        *,
        max_tokens: int | None,
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """Deltas of the text, then exactly one Answer; raises what `Plumbline.answer` raises."""
        started = time.perf_counter()
        turn = await self._prepare(conversation, release, scope, max_tokens)
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

    async def _prepare(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        max_tokens: int | None,
    ) -> _Turn:
        standalone = await self.stand_alone(conversation)
        how = scope.expansion or self._policy.expansion
        questions = await expand(standalone.question, self._chat_model, how)
        expanded_by = f"{how} {expansion_label(how)}" if self._chat_model and how != "none" else ""
        limit = min(max_tokens or self._policy.max_tokens, self._policy.max_tokens)
        asking = _Asking(conversation, standalone, questions, expanded_by, limit)
        return await finish_in_thread(self._search, release, scope, asking)

    def _search(self, release: OpenRelease, scope: Scope, asking: _Asking) -> _Turn:
        result = self._searcher.search(asking.questions, release, scope, top_k=HITS_TO_PACK)
        passages = pack(result.hits, release.documents, budget_characters=self.budget_characters)
        return _Turn(asking, release, result, passages, scope)

    async def _draft(self, turn: _Turn) -> AsyncIterator[AnswerDelta | Draft]:
        if turn.result.confidence < self.threshold(turn.release) or not turn.passages:
            yield abstain(turn.result.corpus, turn.passages)
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
        draft = await finish_in_thread(self._extract, turn)
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
        draft = answer_extractively(
            Asked(turn.asking.standalone.question, last_question(turn.asking.conversation)),
            turn.passages,
            release=turn.result.release,
            embedder=self._searcher.embedder_of(turn.release.manifest),
            lexical=turn.release.lexical,
        )
        return draft if draft.text else abstain(turn.result.corpus, turn.passages)

    def _stamp(self, draft: Draft, turn: _Turn, timings_ms: dict[str, float]) -> Answer:
        manifest = turn.release.manifest
        chat_model = self._chat_model.name if self._chat_model and not draft.degraded else ""
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
            fingerprint=self._fingerprint(turn, chat_model),
            trace_id=uuid.uuid4().hex,
            standalone_question=turn.asking.standalone.question,
            standalone_by=turn.asking.standalone.by,
            usage=draft.usage,
            timings_ms=timings_ms,
            degraded=draft.degraded,
            finish_reason=draft.finish_reason,
        )

    def _fingerprint(self, turn: _Turn, chat_model: str) -> Fingerprint:
        manifest = turn.release.manifest
        return Fingerprint(
            code=code_version(),
            prompt=self._prompt.label if chat_model else "",
            chat_model=chat_model,
            max_tokens=turn.asking.max_tokens if chat_model else 0,
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            retriever=self._searcher.label(turn.scope),
            reranker=self._searcher.reranker_label(turn.scope),
            expansion=turn.asking.expanded_by,
            threshold=self.threshold(turn.release),
            context_characters=self.budget_characters,
            top_k=self._policy.top_k,
            release=f"{manifest.corpus}@{manifest.release}",
        )


async def finish_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of blocking work, which is waited for even when the caller is cancelled.

    So the release that it reads is still held while it reads.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def last_question(conversation: Sequence[Message]) -> str:
    """What the user asked last. Raises InvalidQuestion."""
    if not conversation or conversation[-1].role != "user":
        raise InvalidQuestion("the conversation must end with a message of the user")
    return conversation[-1].content
