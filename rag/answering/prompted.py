"""Answers by a chat model: passages fenced as data, marks mapped here, sentences checked."""

import re
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.marks import MARK, MarkFilter, disarm, numbers_in, without_marks
from rag.answering.prompts import Prompt
from rag.answering.turn import Draft, Turn, abstain
from rag.answering.word_overlap import Support, find_support
from rag.domain import (
    AnswerDelta,
    Citation,
    Message,
    Passage,
    Sentence,
    Span,
    Status,
    Verdict,
)
from rag.errors import ChatModelTruncated, ChatModelUnavailable
from rag.ports import ChatModel
from rag.text.sentences import split_sentences, trim

MAX_ANSWER_CHARACTERS = 64_000  # chosen: a bound for models that never stop
HISTORY_MESSAGES = 8  # chosen: four turns; the passages need the room
OPENING_CHARACTERS = 64  # longer than "Based on the passages, the answer is"; a third of a second
WORD = re.compile(r"\w")


async def stream_prompted(
    turn: Turn, *, chat_model: ChatModel, prompt: Prompt
) -> AsyncIterator[AnswerDelta | Draft]:
    """Deltas of the answer's text, then its draft, whose text may go on where the deltas end.

    Only a text that ended by itself is "answered". Raises ChatModelUnavailable before the first
    delta, ChatModelTruncated after it.
    """
    stream = chat_model.stream(build_messages(turn, prompt), max_tokens=turn.max_tokens)
    reply = _Reply(MarkFilter(len(turn.search.passages)))
    try:
        async for piece in stream:
            if shown := reply.take(piece):
                yield AnswerDelta(shown)
            if reply.is_flooded:
                break
    except ChatModelTruncated as error:
        if not error.partial:
            raise
        if shown := reply.break_off():
            yield AnswerDelta(shown)
        raise ChatModelTruncated(str(error), partial=reply.shown) from error
    draft = reply.draft(turn)
    finish_reason = "length" if reply.is_flooded else stream.finish_reason
    if draft.status != "abstained" and finish_reason != "stop":
        draft = replace(draft, status="partial", finish_reason=finish_reason)
    yield replace(draft, usage=stream.usage)


@dataclass(slots=True)
class _Reply:
    """A model's text while it arrives: what of it may be shown, and what it comes to.

    Its opening is held back, since it may lead up to a refusal, and so is all that follows a
    refusal, until a passage is cited.
    """

    marks: MarkFilter
    shown: str = ""
    held: str = ""

    @property
    def is_flooded(self) -> bool:
        """True once there is more text than any answer has."""
        return len(self.shown) + len(self.held) > MAX_ANSWER_CHARACTERS

    def take(self, piece: str) -> str:
        """What may be shown after `piece`."""
        self.held += self.marks.feed(piece)
        return self._show() if self._may_show() else ""

    def break_off(self) -> str:
        """What may be shown of the rest where no end comes."""
        is_open = self.marks.has_cited or not self.marks.has_refused
        return self._show() if is_open else ""

    def _show(self) -> str:
        shown, self.held = self.held, ""
        self.shown += shown
        return shown

    def _may_show(self) -> bool:
        if self.marks.has_cited:
            return bool(self.shown) or _says_something(self.held)
        return not self.marks.has_refused and (
            bool(self.shown) or len(self.held.strip()) >= OPENING_CHARACTERS
        )

    def draft(self, turn: Turn) -> Draft:
        """The answer at the end. Raises ChatModelUnavailable if it says nothing."""
        text = self.shown + self.held + self.marks.finish()
        if self.marks.has_refused and not self.marks.has_cited:
            return _abstain_after(self.shown, turn)
        if not _says_something(text):
            raise ChatModelUnavailable("the chat model's reply holds no word")
        draft = check_answer(text, turn)
        return replace(draft, status="partial") if self.marks.has_refused else draft


def _says_something(text: str) -> bool:
    return bool(WORD.search(without_marks(text)))


def _abstain_after(shown: str, turn: Turn) -> Draft:
    """The abstention, behind what was shown of the reply already."""
    abstention = abstain(turn.search)
    if not shown:
        return abstention
    text = f"{shown}\n\n{abstention.text}"
    start = len(text) - len(abstention.text)
    last = Sentence(Span(start, len(text)), abstention.text, "not_checked")
    return replace(abstention, text=text, sentences=(*check_answer(shown, turn).sentences, last))


def build_messages(turn: Turn, prompt: Prompt) -> list[Message]:
    """The prompt with its passages behind a random fence, then the end of the conversation."""
    fence = f"passages-{secrets.token_hex(8)}"
    system = prompt.fill(fence=fence, passages="\n\n".join(_number(turn.search.passages)))
    history = [message for message in turn.conversation if message.role != "system"]
    return [Message("system", system), *map(_without_old_marks, history[-HISTORY_MESSAGES:])]


def _without_old_marks(message: Message) -> Message:
    """An earlier answer without its marks, which number the passages of another request."""
    is_answer = message.role == "assistant"
    return Message(message.role, without_marks(message.content)) if is_answer else message


def _number(passages: Sequence[Passage]) -> Iterator[str]:
    for number, passage in enumerate(passages, 1):
        page = f", page {passage.page}" if passage.page else ""
        heading = f", {' > '.join(passage.heading)}" if passage.heading else ""
        label = disarm(f"{passage.document.title}{page}{heading}")
        yield f"[{number}] {label}\n{disarm(passage.text)}"


def check_answer(text: str, turn: Turn) -> Draft:
    """Every sentence aligned with what it cites; a sentence that cites nothing is unsupported."""
    citations: list[Citation] = []
    sentences: list[Sentence] = []
    for span in _statements(text):
        statement = text[span.start : span.end]
        numbers = [n for n in numbers_in(statement) if n <= len(turn.search.passages)]
        found = [_support(statement, n, turn) for n in numbers]
        cited = [_place(support, citations, turn.search.release) for support in found]
        verdict: Verdict = "supported" if any(s.supported for s in found) else "unsupported"
        sentences.append(Sentence(span, statement, verdict, tuple(dict.fromkeys(cited))))
    return Draft(_status(sentences), text, tuple(citations), tuple(sentences))


def _statements(text: str) -> list[Span]:
    """Sentences of the answer; marks behind a full stop belong to the sentence before them."""
    found: list[Span] = []
    for span in split_sentences(text):
        start = span.start
        while found and (mark := MARK.match(text, start, span.end)):
            found[-1] = Span(found[-1].start, mark.end())
            start = trim(text, Span(mark.end(), span.end)).start
        if start < span.end:
            found.append(Span(start, span.end))
    return found


def _place(support: Support, citations: list[Citation], release: int) -> int:
    """The index of the citation with that quote, which is added where it is new."""
    for index, citation in enumerate(citations):
        if (citation.document.id, citation.span) == (support.passage.document.id, support.span):
            return index
    citations.append(_cite(len(citations) + 1, support, release))
    return len(citations) - 1


def _support(statement: str, number: int, turn: Turn) -> Support:
    passage = turn.search.passages[number - 1]
    return find_support(without_marks(statement), passage, turn.release.lexical.analyze)


def _cite(number: int, support: Support, release: int) -> Citation:
    return Citation(
        number=number,
        quote=support.quote,
        document=support.passage.document,
        release=release,
        page=support.passage.page,
        span=support.span,
        heading=support.passage.heading,
    )


def _status(sentences: Sequence[Sentence]) -> Status:
    return "answered" if sentences and not any(s.is_doubtful for s in sentences) else "partial"
