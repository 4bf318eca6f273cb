"""Answers from one release: searched, packed, written by a chat model or quoted, and stamped."""

import logging
import math
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from rag.answering.checking.judging import Checking
from rag.answering.code_version import code_version
from rag.answering.courtesies import reply_to, tell_language
from rag.answering.expansion import expand, expansion_label
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.followups import Standalone
from rag.answering.prompted import stream_prompted
from rag.answering.prompting.guarding import GuardedChatModel
from rag.answering.prompting.rewording import reword, rewording_label
from rag.answering.prompts import load_prompt
from rag.answering.rewriting import rewrite
from rag.answering.turn import (
    Draft,
    Turn,
    abstain,
    clean_draft,
    last_question,
    own_words,
    shorten,
)
from rag.domain import (
    AS_SET,
    Answer,
    AnswerDelta,
    Expansion,
    Fingerprint,
    Message,
    SearchResult,
    Usage,
    Writing,
)
from rag.errors import ChatModelUnavailable
from rag.ports import ChatModel
from rag.releases.folder import OpenRelease
from rag.releases.threads import finish_in_thread
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope
from rag.text.lengths import estimate_tokens

log = logging.getLogger(__name__)

EXTRACTIVE = "extractive"


class Answerer:
    """Answers questions put to any release that is held open meanwhile.

    `expansion` holds where a request does not say, `max_tokens` where it does not say less,
    `temperature` where it does not say another.
    """

    def __init__(
        self,
        pipeline: SearchPipeline,
        chat_model: ChatModel | None,
        checking: Checking,
        *,
        expansion: Expansion,
        max_tokens: int,
        temperature: float = 0.0,
    ) -> None:
        self._pipeline = pipeline
        self._chat_model = chat_model
        self._checking = checking
        self._expansion = expansion
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._prompt = load_prompt()

    async def search(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        *,
        writing: Writing = AS_SET,
        top_k: int | None = None,
    ) -> Turn:
        """The last question made to stand alone, searched with its other wordings, and packed.

        With a chat model it is reworded once where it found too little. Raises
        InvalidQuestion, InvalidFilter.
        """
        check_question(last_question(conversation))
        standalone = await rewrite(conversation, self._chat_model)
        check_question(standalone.question)
        how = scope.expansion or self._expansion
        texts = await expand(standalone.question, self._chat_model, how)
        found = await finish_in_thread(
            self._pipeline.search, texts, release, scope, top_k=top_k, packs=True
        )
        turn = Turn(
            conversation=conversation,
            standalone=standalone,
            expanded_by=expansion_label(self._chat_model, how),
            release=release,
            scope=scope,
            search=found,
            max_tokens=min(writing.max_tokens or self._max_tokens, self._max_tokens),
            temperature=self._temperature if writing.temperature is None else writing.temperature,
            writing=writing,
        )
        if self._chat_model is None or found.is_answered:
            return turn
        return await self._search_reworded(turn, self._chat_model, top_k)

    async def answer(
        self,
        conversation: Sequence[Message],
        release: OpenRelease,
        scope: Scope,
        *,
        writing: Writing,
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
        turn = await self.search(conversation, release, scope, writing=writing, top_k=top_k)
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

    async def _search_reworded(self, turn: Turn, chat_model: ChatModel, top_k: int | None) -> Turn:
        """The turn with its question in the model's other words, where these find more."""
        question, manifest = turn.search.query, turn.release.manifest
        other = await reword(question, manifest.language, chat_model)
        if not other:
            return turn
        texts = [other, question]
        found = await finish_in_thread(
            self._pipeline.search, texts, turn.release, turn.scope, top_k=top_k, packs=True
        )
        if found.confidence <= turn.search.confidence:
            return turn
        return replace(
            turn,
            standalone=replace(turn.standalone, question=other, by="model"),
            expanded_by=" ".join([turn.expanded_by, rewording_label()]).strip(),
            search=found,
        )

    def _unsearched(
        self, conversation: Sequence[Message], release: OpenRelease, scope: Scope
    ) -> Turn:
        """The turn of a message that asks nothing."""
        last, manifest = last_question(conversation), release.manifest
        mode = self._pipeline.mode_of(scope)
        found = SearchResult(last, manifest.corpus, manifest.release, mode, 1.0, ())
        return Turn(conversation, Standalone(last, last, "user"), "", release, scope, found, 0)

    async def _draft(self, turn: Turn) -> AsyncIterator[AnswerDelta | Draft]:
        """By the chat model, which decides where the confidence does not, or by quotes."""
        degraded = False
        if self._chat_model is not None and turn.search.passages:
            guarded = GuardedChatModel(self._chat_model, turn)
            try:
                drafts = stream_prompted(
                    turn, chat_model=guarded, prompt=self._prompt, checking=self._checking
                )
                async for item in drafts:
                    if isinstance(item, Draft):
                        item = replace(item, chat_model=guarded.name)
                    yield item
                return
            except ChatModelUnavailable as error:
                log.warning("answering without the chat model: %s", error)
                degraded = True
        draft = await finish_in_thread(self._quote, turn)
        language = turn.release.manifest.language
        draft = draft.followed_by(tell_language(last_question(turn.conversation), language))
        yield replace(shorten(draft, turn.writing), degraded=degraded)

    def _quote(self, turn: Turn) -> Draft:
        embedder = self._pipeline.embedder_of(turn.release.manifest)
        draft = answer_extractively(turn, embedder, self._checking.reach)
        if not draft.text:
            return replace(abstain(turn.search), confidence=draft.confidence)
        return clean_draft(draft, turn.sources)

    def _stamp(self, draft: Draft, turn: Turn, timings_ms: dict[str, float]) -> Answer:
        chat_model, search = draft.chat_model, turn.search
        if draft.confidence is not None:
            search = replace(search, confidence=draft.confidence)
        asked = sum(estimate_tokens(message.content) for message in turn.conversation)
        estimated = Usage(math.ceil(asked), math.ceil(estimate_tokens(draft.text)))
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            status=draft.status,
            text=draft.text,
            search=search,
            generator=chat_model or EXTRACTIVE,
            citations=draft.citations,
            sentences=draft.sentences,
            fingerprint=self._fingerprint(turn, chat_model),
            trace_id=uuid.uuid4().hex,
            standalone_by=turn.standalone.by,
            usage=draft.usage if draft.usage.completion_tokens else estimated,
            timings_ms=timings_ms,
            degraded=draft.degraded,
            finish_reason=draft.finish_reason,
            checked_by=draft.checked_by,
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
            temperature=turn.temperature if chat_model else 0.0,
        )
