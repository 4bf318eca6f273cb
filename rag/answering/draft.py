"""What both ways of answering hand back before the answer is stamped with its release and trace."""

from dataclasses import dataclass, field

from rag.domain import Citation, Sentence, Status, Usage


@dataclass(frozen=True, slots=True)
class Draft:
    """Text with its checked citations."""

    status: Status
    text: str
    citations: tuple[Citation, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    usage: Usage = field(default_factory=Usage)
    truncated: bool = False
    degraded: bool = False


def abstain(corpus: str, sources: list[str]) -> Draft:
    """The draft that says that the documents do not hold the answer, and what came nearest."""
    text = f"The documents in {corpus} do not seem to hold an answer to this."
    if sources:
        text += " The nearest are " + ", ".join(dict.fromkeys(sources)) + "."
    return Draft("abstained", text, sentences=(Sentence(text, (), True),))
