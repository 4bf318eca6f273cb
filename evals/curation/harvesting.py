"""Feedback on answers as drafts of samples: the worst first, each question once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from evals.curation.drafts import Draft
from evals.curation.feedback import FeedbackLine
from evals.curation.similarity import Wording
from evals.samples.locating import Lost, Search, Sources, find_quote
from evals.samples.reading import QuoteLine
from evals.samples.sample import Evidence, Sample
from rag.domain import Message, Span
from rag.errors import InvalidQuestion
from rag.ports import Evidence as Passage
from rag.support.alignment import AlignedEvidence

SHOWN = 3  # chosen: as many answers and comments as are read


@dataclass(slots=True)
class Group:
    """Feedback on nearly the same question, the first of it to stand for all."""

    wording: Wording
    lines: list[FeedbackLine] = field(default_factory=list)

    @property
    def badness(self) -> tuple[int, int, int]:
        """How often it was rated down, abstained from, and asked at all."""
        downs = sum(line.rating == "down" for line in self.lines)
        abstained = sum(line.status == "abstained" for line in self.lines)
        return downs, abstained, len(self.lines)


def group(lines: Sequence[FeedbackLine], known: Sequence[Sample]) -> tuple[list[Group], int]:
    """Nearly equal questions together, the worst first, and how many lines ask a `known` one."""
    had = [Wording(_said(sample)) for sample in known]
    groups: list[Group] = []
    left_out = 0
    for line in lines:
        wording = Wording(line.asked)
        if any(wording.is_near(each) for each in had):
            left_out += 1
            continue
        near = next((each for each in groups if each.wording.is_near(wording)), None)
        if near is None:
            groups.append(near := Group(wording))
        near.lines.append(line)
    return sorted(groups, key=lambda each: each.badness, reverse=True), left_out


def _said(sample: Sample) -> str:
    return " ".join(each.content for each in sample.conversation if each.role == "user")


@dataclass(frozen=True, slots=True)
class Harvester:
    """Makes drafts of groups; `mask` takes secrets out of what people and models wrote."""

    sources: Sources
    search: Search
    mask: Callable[[str], str]

    def draft(self, group: Group) -> Draft:
        """The question of the latest feedback, its evidence as cited, else as a search finds it."""
        latest = max(group.lines, key=lambda line: line.time.timestamp() if line.time else 0.0)
        cited = dict.fromkeys(quote for line in group.lines for quote in self._cited(line))
        evidence = tuple(cited or self._find(latest.asked))
        how = ("cited" if cited else "searched") if evidence else "none"
        return Draft(
            tuple(Message(each.role, self.mask(each.content)) for each in latest.messages),
            reference="",
            evidence=evidence,
            tags=("feedback",) if evidence else ("feedback", "close-miss"),
            origin=self._origin(group) | {"evidence": how},
        )

    def _origin(self, group: Group) -> dict[str, object]:
        lines = group.lines
        downs, abstained, count = group.badness
        return {
            "asked": count,
            "down": downs,
            "up": sum(line.rating == "up" for line in lines),
            "abstained": abstained,
            "answers": self._texts(line.answer for line in lines),
            "comments": self._texts(line.comment for line in lines),
            "releases": sorted({line.release for line in lines if line.release}),
            "requests": [line.request_id for line in lines if line.request_id],
            "last": max((line.time.isoformat() for line in lines if line.time), default=""),
        }

    def _texts(self, texts: Iterator[str]) -> list[str]:
        return [self.mask(text) for text in dict.fromkeys(texts) if text][:SHOWN]

    def _cited(self, line: FeedbackLine) -> Iterator[Evidence]:
        for quote in line.citations:
            found = self._locate(quote)
            if found and self.mask(found.quote) == found.quote:
                yield found

    def _locate(self, quote: QuoteLine) -> Evidence | None:
        document = self.sources.find(quote.source)
        spans = [] if isinstance(document, Lost) else find_quote(document.text, quote.quote)
        if isinstance(document, Lost) or not spans:
            return None
        span = min(spans, key=lambda each: abs(each.start - (quote.start or 0)))
        return Evidence(document.source, document.text[span.start : span.end], span)

    def _find(self, question: str) -> Iterator[Evidence]:
        """The sentences of the first hit that carry the question best, if it has an answer."""
        try:
            found = self.search(question)
        except InvalidQuestion:
            return  # too long to be searched; the one who reviews it sees it
        if not found.is_answered:
            return
        chunk = found.hits[0].chunk
        quote = AlignedEvidence([Passage(chunk.text)]).best_quote(question, 0)
        text = chunk.text[quote.start : quote.end]
        if self.mask(text) == text:
            at = chunk.span.start
            source = found.hits[0].document.source
            yield Evidence(source, text, Span(at + quote.start, at + quote.end))
