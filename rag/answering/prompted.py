"""Answers by a chat model: passages fenced as data, marks mapped here, sentences checked."""

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.draft import Draft, abstain
from rag.answering.marks import MARK, MarkFilter, disarm, numbers_in, without_marks
from rag.answering.prompts import Prompt
from rag.answering.support import Analyze, Support, find_support
from rag.domain import (
    AnswerDelta,
    Citation,
    Message,
    Passage,
    Sentence,
    Status,
)
from rag.ports import ChatModel
from rag.sentences import split_sentences

NOT_THERE = "NOT_IN_THE_DOCUMENTS"
MAX_ANSWER_CHARACTERS = 64_000
HISTORY_MESSAGES = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a prompted answer may rest on."""

    corpus: str
    release: int
    passages: Sequence[Passage]
    analyze: Analyze


async def stream_prompted(
    conversation: Sequence[Message],
    evidence: Evidence,
    *,
    chat_model: ChatModel,
    prompt: Prompt,
    max_tokens: int,
) -> AsyncIterator[AnswerDelta | Draft]:
    """Deltas of the answer's text, then its draft, whose text may go on where the deltas end.

    Raises ChatModelUnavailable before the first delta, ChatModelTruncated after it.
    """
    stream = chat_model.stream(
        build_messages(conversation, evidence, prompt), max_tokens=max_tokens
    )
    marks = MarkFilter(len(evidence.passages))
    text = held = ""
    flooded = False
    async for piece in stream:
        held += marks.feed(piece)
        if NOT_THERE.startswith((text + held).strip()):
            continue  # it may still become the refusal, which is not shown
        if held:
            text += held
            yield AnswerDelta(held)
            held = ""
        if len(text) > MAX_ANSWER_CHARACTERS:
            flooded = True
            break
    held += marks.finish()
    if (text + held).strip() == NOT_THERE:
        draft = abstain(evidence.corpus, [p.document.title for p in evidence.passages[:3]])
    else:
        draft = check_answer(text + held, evidence)
    cut = flooded or stream.finish_reason == "length"
    yield replace(draft, usage=stream.usage, truncated=cut)


def build_messages(
    conversation: Sequence[Message], evidence: Evidence, prompt: Prompt
) -> list[Message]:
    """The prompt with its passages behind a random fence, then the end of the conversation."""
    fence = f"passages-{secrets.token_hex(8)}"
    system = prompt.fill(fence=fence, passages="\n\n".join(_number(evidence.passages)))
    turns = [message for message in conversation if message.role != "system"]
    return [Message("system", system), *turns[-HISTORY_MESSAGES:]]


def _number(passages: Sequence[Passage]) -> Iterator[str]:
    for number, passage in enumerate(passages, 1):
        page = f", page {passage.page}" if passage.page else ""
        heading = f", {' > '.join(passage.heading)}" if passage.heading else ""
        label = disarm(f"{passage.document.title}{page}{heading}")
        yield f"[{number}] {label}\n{disarm(passage.text)}"


def check_answer(text: str, evidence: Evidence) -> Draft:
    """Every sentence aligned with what it cites; a sentence that cites nothing is unsupported."""
    citations: list[Citation] = []
    sentences: list[Sentence] = []
    for statement in _statements(text):
        numbers = [n for n in numbers_in(statement) if n <= len(evidence.passages)]
        found = [_support(statement, n, evidence) for n in numbers]
        supported = any(support.supported for support in found)
        sentences.append(Sentence(statement, tuple(numbers), supported))
        for number, support in zip(numbers, found, strict=True):
            citation = _cite(number, support, evidence.release)
            if citation not in citations:
                citations.append(citation)
    return Draft(_status(sentences), text, tuple(citations), tuple(sentences))


def _statements(text: str) -> list[str]:
    """Sentences of the answer; marks behind a full stop belong to the sentence before them."""
    found: list[str] = []
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        while found and (mark := MARK.match(sentence)):
            found[-1] += mark.group()
            sentence = sentence[mark.end() :].lstrip()
        if sentence:
            found.append(sentence)
    return found


def _support(statement: str, number: int, evidence: Evidence) -> Support:
    return find_support(without_marks(statement), evidence.passages[number - 1], evidence.analyze)


def _cite(number: int, support: Support, release: int) -> Citation:
    return Citation(
        number=number,
        quote=support.quote,
        document=support.passage.document,
        release=release,
        page=support.passage.page,
        span=support.span,
        supported=support.supported,
        heading=support.passage.heading,
    )


def _status(sentences: Sequence[Sentence]) -> Status:
    return "answered" if sentences and all(s.supported for s in sentences) else "partial"
