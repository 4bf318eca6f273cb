"""Answers from one release: searched, packed, written by a chat model or quoted, and stamped."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

from rag.answering.code_version import code_version
from rag.answering.courtesies import reply_to, tell_language
from rag.answering.expansion import expand, expansion_label
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.followups import Standalone
from rag.answering.prompted import stream_prompted
from rag.answering.prompts import load_prompt
from rag.answering.rewriting import rewrite
from rag.answering.turn import Draft, Turn, abstain, last_question, own_words
from rag.domain import Answer, AnswerDelta, Expansion, Fingerprint, Message, SearchResult
from rag.errors import ChatModelUnavailable
from rag.ports import ChatModel
from rag.releases.folder import OpenRelease
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

EXTRACTIVE = "extractive"


class Answerer:
    """Answers questions put to any release that is held open meanwhile.

    `expansion` holds where a request does not say, `max_tokens` where it does not say less.
    """

    def __init__(
        self,
        pipeline: SearchPipeline,
        chat_model: ChatModel | None,
        *,
        expansion: Expansion,
        max_tokens: int,
    ) -> None:
        self._pipeline = pipeline
        self._chat_model = chat_model
        self._expansion = expansion
        self._max_tokens = max_tokens
        self._prompt = load_prompt()

    async def search(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        *,
        max_tokens: int | None = None,
        top_k: int | None = None,
    ) -> Turn:
        """The last question made to stand alone, searched with its other wordings, and packed.

        Raises InvalidQuestion, InvalidFilter.
        """
        check_question(last_question(conversation))
        standalone = await rewrite(conversation, self._chat_model)
        check_question(standalone.question)
        how = scope.expansion or self._expansion
        texts = await expand(standalone.question, self._chat_model, how)
        found = await finish_in_thread(
            self._pipeline.search, texts, release, scope, top_k=top_k, packs=True
        )
        return Turn(
            conversation=conversation,
            standalone=standalone,
            expanded_by=expansion_label(self._chat_model, how),
            release=release,
            scope=scope,
            search=found,
            max_tokens=min(max_tokens or self._max_tokens, self._max_tokens),
        )

    async def answer(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        *,
        max_tokens: int | None,
        top_k: int | None,
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """Deltas of the text, then exactly one Answer; raises what `Plumbline.answer` raises."""
        started = time.perf_counter()
        reply = reply_to(check_question(last_question(conversation)), release.manifest.corpus)
        if reply:
            turn = self._unsearched(conversation, release, scope)
            yield AnswerDelta(reply)
            yield self._stamp(own_words("answered", reply), turn, {"search": 0.0, "total": 0.0})
            return
        turn = await self.search(conversation, release, scope, max_tokens=max_tokens, top_k=top_k)
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

    def _unsearched(
        self, conversation: Sequence[Message], release: OpenRelease, scope: Scope
    ) -> Turn:
        """The turn of a message that asks nothing."""
        last, manifest = last_question(conversation), release.manifest
        mode = self._pipeline.mode_of(scope)
        found = SearchResult(last, manifest.corpus, manifest.release, mode, 1.0, ())
        return Turn(conversation, Standalone(last, last, "user"), "", release, scope, found, 0)

    async def _draft(self, turn: Turn) -> AsyncIterator[AnswerDelta | Draft]:
        if not turn.search.is_answered:
            yield self._tell_language(abstain(turn.search), turn)
            return
        degraded = False
        if self._chat_model is not None:
            try:
                drafts = stream_prompted(turn, chat_model=self._chat_model, prompt=self._prompt)
                async for item in drafts:
                    yield item
                return
            except ChatModelUnavailable as error:
                log.warning("answering without the chat model: %s", error)
                degraded = True
        draft = await finish_in_thread(self._extract, turn)
        yield replace(draft, degraded=degraded)

    def _extract(self, turn: Turn) -> Draft:
        embedder = self._pipeline.embedder_of(turn.release.manifest)
        draft = answer_extractively(turn, embedder)
        return self._tell_language(draft if draft.text else abstain(turn.search), turn)

    @staticmethod
    def _tell_language(draft: Draft, turn: Turn) -> Draft:
        language = turn.release.manifest.language
        return draft.followed_by(tell_language(last_question(turn.conversation), language))

    def _stamp(self, draft: Draft, turn: Turn, timings_ms: dict[str, float]) -> Answer:
        chat_model = self._chat_model.name if self._chat_model and not draft.degraded else ""
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            status=draft.status,
            text=draft.text,
            search=turn.search,
            generator=chat_model or EXTRACTIVE,
            citations=draft.citations,
            sentences=draft.sentences,
            fingerprint=self._fingerprint(turn, chat_model),
            trace_id=uuid.uuid4().hex,
            standalone_by=turn.standalone.by,
            usage=draft.usage,
            timings_ms=timings_ms,
            degraded=draft.degraded,
            finish_reason=draft.finish_reason,
        )

    def _fingerprint(self, turn: Turn, chat_model: str) -> Fingerprint:
        manifest = turn.release.manifest
        return Fingerprint(
            code=code_version(),
            prompt=self._prompt.label if chat_model else "",
            chat_model=chat_model,
            max_tokens=turn.max_tokens if chat_model else 0,
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            retriever=self._pipeline.label(turn.scope, turn.release),
            reranker=self._pipeline.reranker_label(turn.scope),
            expansion=turn.expanded_by,
            threshold=turn.search.threshold,
            context_characters=self._pipeline.context_characters,
            top_k=self._pipeline.top_k,
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
