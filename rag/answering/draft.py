"""What both ways of answering hand back before the answer is stamped with its release and trace."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.domain import (
    Citation,
    DocumentRef,
    FinishReason,
    SearchResult,
    Sentence,
    Status,
    Usage,
)

NEAREST = 3  # chosen: sources that an abstention names, enough to see what was near


@dataclass(frozen=True, slots=True)
class Draft:
    """Text with its checked citations."""

    status: Status
    text: str
    citations: tuple[Citation, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    degraded: bool = False

    def pieces_after(self, said: str) -> Iterator[str]:
        """What of the text was not streamed yet, sentence by sentence."""
        at = len(said)
        for sentence in self.sentences:
            found = self.text.find(sentence.text, at)
            if found >= 0:
                yield self.text[at : found + len(sentence.text)]
                at = found + len(sentence.text)
        if at < len(self.text):
            yield self.text[at:]


def abstain(search: SearchResult) -> Draft:
    """The draft that says that the documents do not hold the answer, and what came nearest."""
    text = f"The documents in {search.corpus} do not seem to hold an answer to this."
    nearest = dict.fromkeys(_name(passage.document) for passage in search.passages[:NEAREST])
    if nearest:
        text += " The nearest are " + ", ".join(nearest) + "."
    return Draft("abstained", text, sentences=(Sentence(text, (), True),))


def _name(document: DocumentRef) -> str:
    """The source, with the title before it where that says more."""
    says_more = document.title not in document.source
    return f"{document.title} ({document.source})" if says_more else document.source
