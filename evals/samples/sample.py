"""What a regression set asks for: questions, their reference answers and where the evidence is."""

from dataclasses import dataclass
from typing import Literal

from rag.domain import Message, Span

Kind = Literal["answerable", "off-topic", "close-miss"]
KINDS: tuple[Kind, ...] = ("answerable", "off-topic", "close-miss")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote of a source that answers the question; each of the `alternatives` does as well.

    `span` is where the quote stood when it was located: a hint which of several places is meant.
    """

    source: str
    quote: str
    span: Span | None
    alternatives: tuple["Evidence", ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with all that is needed to tell a right answer from a wrong one."""

    id: str
    conversation: tuple[Message, ...]
    reference: str
    kind: Kind
    evidence: tuple[Evidence, ...]
    tags: tuple[str, ...]
    critical: bool

    @property
    def question(self) -> str:
        """The last message, which is the user's."""
        return self.conversation[-1].content

    @property
    def is_answerable(self) -> bool:
        """True if the documents hold the answer."""
        return self.kind == "answerable"


@dataclass(frozen=True, slots=True)
class RegressionSet:
    """The samples of one file and the hash of its content."""

    name: str
    sha256: str
    samples: tuple[Sample, ...]
