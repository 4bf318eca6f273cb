"""One turn of a conversation: what was asked, what was found, and what is drafted of that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.answering.followups import Standalone
from rag.domain import (
    Citation,
    DocumentRef,
    FinishReason,
    Message,
    SearchResult,
    Sentence,
    Span,
    Status,
    Usage,
)
from rag.errors import InvalidQuestion
from rag.releases.folder import OpenRelease
from rag.retrieval.scope import Scope

PARAGRAPH = "\n\n"
NEAREST = 3  # chosen: sources that an abstention names, enough to see what was near


@dataclass(frozen=True, slots=True)
class Turn:
    """The last question of a conversation on its way to an answer.

    It was made to stand alone and searched in `release`, with other wordings of it that came
    `expanded_by` a prompt, if any. A prompted answer has at most `max_tokens`.
    """

    conversation: Sequence[Message]
    standalone: Standalone
    expanded_by: str
    release: OpenRelease
    scope: Scope
    search: SearchResult
    max_tokens: int


def last_question(conversation: Sequence[Message]) -> str:
    """What the user asked last. Raises InvalidQuestion."""
    if not conversation or conversation[-1].role != "user":
        raise InvalidQuestion("the conversation must end with a message of the user")
    return conversation[-1].content


@dataclass(frozen=True, slots=True)
class Draft:
    """Text with its checked citations, before it is stamped with its release and trace."""

    status: Status
    text: str
    citations: tuple[Citation, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    degraded: bool = False

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


def abstain(search: SearchResult) -> Draft:
    """The draft that says that the documents do not hold the answer, and what came nearest."""
    text = f"The documents in {search.corpus} do not seem to hold an answer to this."
    nearest = dict.fromkeys(_name(passage.document) for passage in search.passages[:NEAREST])
    if nearest:
        text += " The nearest are " + ", ".join(nearest) + "."
    return own_words("abstained", text)


def own_words(status: Status, text: str) -> Draft:
    """A draft that says nothing of the documents."""
    return Draft(status, text, sentences=(Sentence(Span(0, len(text)), text, "not_checked"),))


def _name(document: DocumentRef) -> str:
    """The source, with the title before it where that says more."""
    says_more = document.title not in document.source
    return f"{document.title} ({document.source})" if says_more else document.source
