"""Any text checked, also one written elsewhere: against a corpus, or passages given with it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rag.answering.checking.brackets import Labels
from rag.answering.checking.citing import CitationList
from rag.answering.checking.footnotes import evidence_of
from rag.answering.checking.given import (
    MOST_STATEMENTS,
    NOT_REACHED,
    CheckedText,
    GivenPassage,
    GivenQuote,
    check_passages,
    check_text,
)
from rag.answering.checking.judging import Checking, Judged, judge, judge_again
from rag.answering.checking.statements import Statement, read_statements
from rag.domain import Citation, Hit, Passage, Sentence, Span
from rag.ports import Quote
from rag.releases.folder import OpenRelease
from rag.retrieval.packing import pack
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.scope import Scope
from rag.support.verdicts import score_text

HITS = 4  # of the questions of the example set .97 have evidence among the first five
EVIDENCE_CHARACTERS = 60_000  # chosen: ten times what an answer is written from
SHORT_WORDS = 6  # chosen: a shorter sentence may need what it answers or goes on from
ANY_NUMBER = Labels(999)
"""For a text whose marks belong to sources that are not here."""


@dataclass(frozen=True, slots=True)
class FoundEvidence:
    """What a corpus holds near the statements of a text: for each the passages to look into."""

    statements: list[Statement]
    passages: tuple[Passage, ...]
    near: list[tuple[int, ...]]


def find_evidence(
    text: str, pipeline: SearchPipeline, release: OpenRelease, scope: Scope, *, question: str
) -> FoundEvidence:
    """Each sentence of a text searched for in a release. Raises InvalidText, InvalidFilter."""
    statements = [replace(each, marks=()) for each in _read(text, ANY_NUMBER)]
    places = [n for n, each in enumerate(statements) if each.kind == "statement"]
    texts = [statements[n].text for n in places]
    wordings = [_word(text, n, texts, question) for n, text in enumerate(texts)]
    found = iter(
        pipeline.find_each([w for own in wordings for w in own], release, scope, top_k=HITS)
    )
    hits = [[hit for _ in own for hit in next(found)] for own in wordings]
    best = {hit.chunk.id: hit for own in hits for hit in own}
    ranked = sorted(best.values(), key=lambda hit: -hit.score)
    passages = pack(ranked, release.documents, budget_characters=EVIDENCE_CHARACTERS)
    near: list[tuple[int, ...]] = [()] * len(statements)
    for place, own, before in zip(places, hits, [[], *hits], strict=False):
        near[place] = _places_of([*own, *before], passages)
    return FoundEvidence(statements, passages, near)


async def check_against_corpus(
    text: str, found: FoundEvidence, release: OpenRelease, checking: Checking, *, question: str
) -> CheckedText:
    """The text held against what was found of it."""
    evidence = [evidence_of(passage) for passage in found.passages]
    judged = await judge(
        found.statements,
        evidence,
        checker=checking.checker,
        question=question,
        near=found.near,
    )
    judged, told_by = await judge_again(judged, evidence, checking=checking, question=question)
    citations = CitationList(release)

    def place(quote: Quote) -> int:
        passage = found.passages[quote.evidence]
        at = passage.span.start
        span = Span(at + quote.span.start, at + quote.span.end)
        return citations.place(passage.document, span)

    return _tell(text, judged, place, citations, told_by)


async def check_against_passages(
    text: str, passages: Sequence[GivenPassage], checking: Checking, *, question: str
) -> CheckedText:
    """The text held against passages, which its marks may name by id or number.

    Raises InvalidText, InvalidPassages.
    """
    check_passages(passages)
    labels = Labels(len(passages), {passage.id: n for n, passage in enumerate(passages)})
    evidence = [passage.evidence for passage in passages]
    statements = _read(text, labels)
    judged = await judge(statements, evidence, checker=checking.checker, question=question)
    judged, told_by = await judge_again(judged, evidence, checking=checking, question=question)
    quotes: dict[Quote, GivenQuote] = {}

    def place(quote: Quote) -> int:
        if quote not in quotes:
            passage, span = passages[quote.evidence], quote.span
            said = passage.text[span.start : span.end]
            quotes[quote] = GivenQuote(len(quotes) + 1, said, passage, span)
        return quotes[quote].number - 1

    return _tell(text, judged, place, quotes.values(), told_by)


def _read(text: str, labels: Labels) -> list[Statement]:
    """The statements of a text, those behind the most that are checked as unread."""
    read: list[Statement] = []
    count = 0
    for each in read_statements(check_text(text), labels):
        count += each.kind == "statement"
        is_unread = each.kind == "statement" and count > MOST_STATEMENTS
        read.append(replace(each, kind="unread") if is_unread else each)
    return read


def _word(text: str, place: int, texts: Sequence[str], question: str) -> list[str]:
    """What is searched for: a text, and a short one also behind what it may go on from."""
    context = question or (texts[place - 1] if place else "")
    is_short = len(text.split()) < SHORT_WORDS
    return [text, f"{context} {text}"] if is_short and context else [text]


def _places_of(hits: Iterable[Hit], passages: Sequence[Passage]) -> tuple[int, ...]:
    """The passages that these hits were packed into."""
    found = (
        n
        for hit in hits
        for n, passage in enumerate(passages)
        if passage.document.id == hit.document.id
        and passage.span.start <= hit.chunk.span.start < passage.span.end
    )
    return tuple(dict.fromkeys(found))


def _tell(
    text: str,
    judged: Sequence[Judged],
    place: Callable[[Quote], int],
    citations: Iterable[Citation | GivenQuote],
    told_by: str,
) -> CheckedText:
    sentences: list[Sentence] = []
    at = 0
    for each in judged:
        statement, judgement = each.statement, each.judgement
        span = Span(at + len(statement.before), at + len(statement.before) + len(statement.raw))
        at = span.end
        if statement.kind == "blank":
            continue
        is_checked = statement.kind == "statement"
        reasons = (NOT_REACHED,) if statement.kind == "unread" else judgement.reasons
        cited = dict.fromkeys(place(quote) for quote in judgement.quotes)
        sentences.append(
            Sentence(
                span=span,
                text=text[span.start : span.end],
                verdict=judgement.verdict,
                citations=tuple(cited),
                score=judgement.score if is_checked else None,
                reasons=reasons,
            )
        )
    score = score_text([e.judgement for e in judged if e.statement.kind == "statement"])
    return CheckedText(text, tuple(sentences), tuple(citations), score, told_by)
