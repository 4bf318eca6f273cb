"""What is given to be checked: a text, and passages if it comes with its own; with their limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Citation, Sentence, Span
from rag.errors import InvalidPassages, InvalidText
from rag.ports import Evidence

MAX_TEXT_CHARACTERS = 100_000  # chosen: forty pages; more is a document, not an answer
MAX_PASSAGES = 500  # chosen: fifty times what an answer is written from
MAX_PASSAGE_CHARACTERS = 200_000  # chosen: together some eighty pages, read within seconds
MOST_STATEMENTS = 100  # chosen: a text of three pages; each is searched for and read
NOT_REACHED = f"only the first {MOST_STATEMENTS} sentences of a text are checked"


@dataclass(frozen=True, slots=True)
class GivenPassage:
    """A passage that comes with a text: marks in the text name it by its id or its number."""

    id: str
    text: str
    title: str = ""
    heading: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """The passage as claims are held against it."""
        return Evidence(self.text, self.title, self.heading)


@dataclass(frozen=True, slots=True)
class GivenQuote:
    """An exact quote of a passage that came with the text: characters `span` of it."""

    number: int
    quote: str
    passage: GivenPassage
    span: Span


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text with what its evidence says of each of its sentences; spans count in the text.

    `score` in [0, 1] is how likely the evidence supports all of it. `checked_by` names what told.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation | GivenQuote, ...]
    score: float
    checked_by: str

    @property
    def status(self) -> str:
        """`supported` if all that was checked is, `unsupported` if nothing is, else `partial`."""
        checked = [each for each in self.sentences if each.verdict != "not_checked"]
        supported = sum(each.verdict == "supported" for each in checked)
        if not supported:
            return "unsupported"
        is_whole = not any(NOT_REACHED in each.reasons for each in self.sentences)
        return "supported" if supported == len(checked) and is_whole else "partial"


def check_text(text: str) -> str:
    """The text, as long as it was, NUL as a space. Raises InvalidText."""
    if not text.strip():
        raise InvalidText("the text is empty: give the sentences that are to be checked")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidText(
            f"the text has {len(text):,} characters, at most {MAX_TEXT_CHARACTERS:,} are checked "
            "at once: send it in parts"
        )
    return _check_characters(text, "the text", InvalidText)


def check_passages(passages: Sequence[GivenPassage]) -> Sequence[GivenPassage]:
    """The passages. Raises InvalidPassages for none, too many, too much, or two of one id."""
    if not passages:
        raise InvalidPassages("there are no passages: give at least one, or a corpus")
    if len(passages) > MAX_PASSAGES:
        raise InvalidPassages(
            f"there are {len(passages):,} passages, at most {MAX_PASSAGES} are read: send those "
            "that the text rests on, or add them to a corpus"
        )
    characters = sum(len(passage.text) for passage in passages)
    if characters > MAX_PASSAGE_CHARACTERS:
        raise InvalidPassages(
            f"the passages have {characters:,} characters, at most {MAX_PASSAGE_CHARACTERS:,} are "
            "read: send those that the text rests on, or add them to a corpus"
        )
    known: set[str] = set()
    for passage in passages:
        if passage.id in known:
            raise InvalidPassages(
                f"two passages have the id {passage.id[:80]!r}: give each its own"
            )
        known.add(passage.id)
        _check_characters(passage.text, f"passage {passage.id[:80]!r}", InvalidPassages)
    return passages


def _check_characters(
    text: str, what: str, error: type[InvalidText] | type[InvalidPassages]
) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as caught:
        raise error(f"{what} holds half of a surrogate pair: send text") from caught
    return text.replace("\0", " ")
