"""Answers by a chat model: passages fenced as data, marks mapped here, sentences checked."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from rag.answering.checking.citing import CitationList
from rag.answering.checking.footnotes import Footnotes
from rag.answering.checking.judging import Checking, status_of
from rag.answering.disagreeing.telling import label_source
from rag.answering.marks import MarkFilter, disarm, without_marks
from rag.answering.prompting.datamarking import mark_lines
from rag.answering.prompts import Prompt
from rag.answering.turn import Draft, Turn, abstain
from rag.domain import AnswerDelta, Message, Passage, Sentence, Span
from rag.errors import ChatModelTruncated, ChatModelUnavailable
from rag.ports import ChatModel

MAX_ANSWER_CHARACTERS = 64_000  # chosen: a bound for models that never stop
HISTORY_MESSAGES = 8  # chosen: four turns; the passages need the room
OPENING_CHARACTERS = 64  # longer than "Based on the passages, the answer is"; a third of a second
WORD = re.compile(r"\w")


async def stream_prompted(
    turn: Turn, *, chat_model: ChatModel, prompt: Prompt, checking: Checking
) -> AsyncIterator[AnswerDelta | Draft]:
    """Deltas of the answer's text, then its draft, whose text may go on where the deltas end.

    Only a text that ended by itself is "answered". Raises ChatModelUnavailable before the first
    delta, ChatModelTruncated after it.
    """
    stream = chat_model.stream(build_messages(turn, prompt), max_tokens=turn.max_tokens)
    reply = _Reply(turn, checking)
    try:
        async for piece in stream:
            if shown := await reply.take(piece):
                yield AnswerDelta(shown)
            if reply.is_flooded:
                break
        draft = await reply.draft()
    except ChatModelTruncated as error:
        if not error.partial:
            raise
        if shown := await reply.break_off():
            yield AnswerDelta(shown)
        raise ChatModelTruncated(str(error), partial=reply.footnotes.text) from error
    finally:
        reply.close()
    finish_reason = "length" if reply.is_flooded else stream.finish_reason
    if draft.status != "abstained" and finish_reason != "stop":
        draft = replace(draft, status="partial", finish_reason=finish_reason)
    yield replace(draft, usage=stream.usage)


class _Reply:
    """A model's text while it arrives: what of it may be shown, and what it comes to.

    Its opening is held back, since it may lead up to a refusal, and so is all that follows a
    refusal, until a passage is cited.
    """

    def __init__(self, turn: Turn, checking: Checking) -> None:
        passages = turn.search.passages
        self.citations = CitationList(turn.release)
        self.footnotes = Footnotes(
            passages,
            self.citations,
            checking,
            question=turn.search.query,
        )
        self._prepared = asyncio.ensure_future(self.footnotes.prepare())
        self._turn = turn
        self._marks = MarkFilter(len(passages))
        self._held = ""
        self._taken = 0

    @property
    def is_flooded(self) -> bool:
        """True once there is more text than any answer has."""
        return self._taken + len(self._held) > MAX_ANSWER_CHARACTERS

    async def take(self, piece: str) -> str:
        """What may be shown after `piece`."""
        self._held += self._marks.feed(piece)
        return await self._write() if self._may_show() else ""

    async def break_off(self) -> str:
        """What may be shown of the rest where no end comes."""
        is_open = self._marks.has_cited or not self._marks.has_refused
        written = await self._write() if is_open else ""
        return written + await self.footnotes.break_off()

    async def _write(self) -> str:
        await self._prepared
        held, self._held = self._held, ""
        self._taken += len(held)
        return await self.footnotes.write(held)

    def _may_show(self) -> bool:
        if self._marks.has_cited:
            return self._taken > 0 or _says_something(self._held)
        return not self._marks.has_refused and (
            self._taken > 0 or len(self._held.strip()) >= OPENING_CHARACTERS
        )

    async def draft(self) -> Draft:
        """The answer at the end. Raises ChatModelUnavailable if it says nothing."""
        self._held += self._marks.finish()
        has_refused, has_cited = self._marks.has_refused, self._marks.has_cited
        if has_refused and not has_cited:
            await self.footnotes.finish()
            return self._abstain()
        await self._write()
        await self.footnotes.finish()
        if not _says_something(self.footnotes.text):
            if self.footnotes.withheld:
                return self._abstain()
            raise ChatModelUnavailable("the chat model's reply holds no word")
        sentences = self.footnotes.sentences
        is_whole = not has_refused and not self.footnotes.withheld
        return Draft(
            status_of(sentences) if is_whole else "partial",
            self.footnotes.text,
            tuple(self.citations),
            tuple(sentences),
            checked_by=self.footnotes.checked_by,
        )

    def close(self) -> None:
        """Stop what is still prepared."""
        self._prepared.cancel()

    def _abstain(self) -> Draft:
        """The abstention, behind what was shown of the reply already, and why it is withheld."""
        shown = self.footnotes.text
        abstention = abstain(self._turn.search)
        reasons = dict.fromkeys(r for each in self.footnotes.withheld for r in each.reasons)
        said = abstention.text
        if reasons:
            said += f" What the chat model wrote is withheld: {'; '.join(reasons)}."
        text = f"{shown}\n\n{said}" if shown else said
        last = Sentence(Span(len(text) - len(said), len(text)), said, "not_checked")
        sentences = (*self.footnotes.sentences, last)
        return replace(abstention, text=text, citations=tuple(self.citations), sentences=sentences)


def _says_something(text: str) -> bool:
    return bool(WORD.search(without_marks(text)))


def build_messages(turn: Turn, prompt: Prompt) -> list[Message]:
    """The prompt with its passages behind a random fence, then the end of the conversation."""
    passages = "\n\n".join(_number(turn.search.passages, turn.mark))
    system = prompt.fill(fence=turn.fence, mark=turn.mark, passages=passages)
    history = [message for message in turn.conversation if message.role != "system"]
    return [Message("system", system), *map(_without_old_marks, history[-HISTORY_MESSAGES:])]


def _without_old_marks(message: Message) -> Message:
    """An earlier answer without its marks, which number the passages of another request."""
    is_answer = message.role == "assistant"
    return Message(message.role, without_marks(message.content)) if is_answer else message


def _number(passages: Sequence[Passage], mark: str) -> Iterator[str]:
    known = {passage.document.id: passage.document for passage in passages}
    for number, passage in enumerate(passages, 1):
        source = label_source(passage.document, known.get(passage.document.superseded_by or ""))
        page = f", page {passage.page}" if passage.page else ""
        heading = f", {' > '.join(passage.heading)}" if passage.heading else ""
        label = disarm(f"{source}{page}{heading}")
        yield f"[{number}] {label}\n{mark_lines(disarm(passage.text), mark)}"
