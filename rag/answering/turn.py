"""One turn of a conversation: what was asked, what was found, and what is drafted of that."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.answering.followups import Standalone
from rag.domain import (
    AS_SET,
    Citation,
    DocumentRef,
    FinishReason,
    Message,
    SearchResult,
    Sentence,
    Span,
    Status,
    Usage,
    Writing,
)
from rag.errors import InvalidQuestion
from rag.outgoing.cleaning import clean, clean_title
from rag.releases.folder import OpenRelease
from rag.retrieval.scope import Scope
from rag.text.lengths import CHARACTERS_A_TOKEN, estimate_tokens

PARAGRAPH = "\n\n"
NEAREST = 3  # chosen: sources that an abstention names, enough to see what was near


@dataclass(frozen=True, slots=True)
class Turn:
    """The last question of a conversation on its way to an answer.

    It was made to stand alone and searched in `release`, with other wordings of it that came
    `expanded_by` a prompt, if any. A prompted answer has at most `max_tokens`, at that
    `temperature`. `fence` and `mark` tell the text of documents from the rest of a prompt; no
    document can know them.
    """

    conversation: Sequence[Message]
    standalone: Standalone
    expanded_by: str
    release: OpenRelease
    scope: Scope
    search: SearchResult
    max_tokens: int
    temperature: float = 0.0
    writing: Writing = AS_SET
    fence: str = field(default_factory=lambda: f"passages-{secrets.token_hex(8)}")
    mark: str = field(default_factory=lambda: f"{secrets.token_hex(3)}|")

    @property
    def sources(self) -> list[str]:
        """The texts whose addresses an answer may name."""
        passages = self.search.passages
        named = [passage.document.source for passage in passages]
        return [last_question(self.conversation), *(p.text for p in passages), *named]


def last_question(conversation: Sequence[Message]) -> str:
    """What the user asked last. Raises InvalidQuestion."""
    if not conversation or conversation[-1].role != "user":
        raise InvalidQuestion("the conversation must end with a message of the user")
    return conversation[-1].content


@dataclass(frozen=True, slots=True)
class Draft:
    """Text with its checked citations, before it is stamped with its release and trace.

    `chat_model` is the one that was asked for it, if any; `confidence` is there where it was read
    more closely than the search could.
    """

    status: Status
    text: str
    citations: tuple[Citation, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    degraded: bool = False
    chat_model: str = ""
    checked_by: str = ""
    confidence: float | None = None

    def followed_by(self, words: str) -> "Draft":
        """The draft with a paragraph of our own behind it; itself where there are no words."""
        if not words:
            return self
        start = len(self.text) + len(PARAGRAPH)
        said = Sentence(Span(start, start + len(words)), words, "not_checked")
        text = self.text + PARAGRAPH + words
        return replace(self, text=text, sentences=(*self.sentences, said))

    def pieces_after(self, said: str) -> Iterator[str]:
        """What of the text was not streamed yet, sentence by sentence."""
        at = len(said)
        for sentence in self.sentences:
            if sentence.span.end > at:
                yield self.text[at : sentence.span.end]
                at = sentence.span.end
        if at < len(self.text):
            yield self.text[at:]


def clean_draft(draft: Draft, sources: Sequence[str]) -> Draft:
    """`draft` as a client may show it, its sentences where they are then."""
    text, at = "", 0
    sentences = []
    for sentence in draft.sentences:
        start = len(text) + len(draft.text[at : sentence.span.start])
        shown = clean(sentence.text, sources)
        text += draft.text[at : sentence.span.start] + shown
        at = sentence.span.end
        sentences.append(replace(sentence, span=Span(start, len(text)), text=shown))
    return replace(draft, text=text + draft.text[at:], sentences=tuple(sentences))


def shorten(draft: Draft, writing: Writing) -> Draft:
    """`draft` up to where it is to end: before a stop sequence, or with the last sentence that
    fits, the first one cut where even that does not."""
    ends = [at for stop in writing.stop if (at := draft.text.find(stop)) >= 0]
    draft = _cut(draft, min(ends)) if ends else draft
    if writing.max_tokens is None or estimate_tokens(draft.text) <= writing.max_tokens:
        return draft
    whole = [s.span.end for s in draft.sentences]
    fitting = [at for at in whole if estimate_tokens(draft.text[:at]) <= writing.max_tokens]
    end = max(fitting, default=writing.max_tokens * CHARACTERS_A_TOKEN)
    return replace(_cut(draft, end), status="partial", finish_reason="length")


def _cut(draft: Draft, end: int) -> Draft:
    text = draft.text[:end].rstrip()
    sentences = tuple(
        replace(each, span=Span(each.span.start, min(each.span.end, len(text))))
        for each in draft.sentences
        if each.span.start < len(text)
    )
    sentences = tuple(replace(s, text=text[s.span.start : s.span.end]) for s in sentences)
    cited = 1 + max((at for each in sentences for at in each.citations), default=-1)
    return replace(draft, text=text, sentences=sentences, citations=draft.citations[:cited])


def abstain(search: SearchResult) -> Draft:
    """The draft that says that the documents do not hold the answer, and what came nearest."""
    text = f"The documents in {search.corpus} do not seem to hold an answer to this."
    nearest = dict.fromkeys(_name(passage.document) for passage in search.passages[:NEAREST])
    if nearest:
        text += " The nearest are " + ", ".join(nearest) + "."
        text = clean(text, [passage.document.source for passage in search.passages])
    return own_words("abstained", text)


def own_words(status: Status, text: str) -> Draft:
    """A draft that says nothing of the documents."""
    return Draft(status, text, sentences=(Sentence(Span(0, len(text)), text, "not_checked"),))


def _name(document: DocumentRef) -> str:
    """The source, with the title before it where that says more."""
    title = clean_title(document.title)
    says_more = title not in document.source
    return f"{title} ({document.source})" if says_more else document.source
