"""The check that needs no download: words softly, facts exactly, weighed as was learned."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from rag.domain import Span, Verdict
from rag.ports import Claim, Embedder, Evidence, Judgement, Quote, WordEmbedder
from rag.support.evidence_units import Unit
from rag.support.facts.qualifiers import FRAME, LEADING_REPLY
from rag.support.languages import is_english
from rag.support.reach import measure_reach
from rag.support.reading import Reader
from rag.support.selection import Part, select_parts
from rag.support.signals import Held, hold
from rag.support.translation import hold_translated, list_sentences
from rag.support.verdicts import Judges, read_judges

MOST_REASONS = 2  # chosen: more are not read
SUPPORTED = 0.5  # probability; the weights were learned with as many true claims as false ones
NOTHING_SAYS = "no passage says this"


class LocalChecker:
    """Tells whether evidence carries claims; safe from several threads."""

    def __init__(
        self,
        words: WordEmbedder,
        *,
        multilingual: Callable[[], Embedder | None] = lambda: None,
        judges: Judges | None = None,
    ) -> None:
        self._reader = Reader(words)
        self._judges = judges or read_judges()
        self._words = words
        self._multilingual = multilingual

    @property
    def name(self) -> str:
        """The check and the weights of its model."""
        return f"local:{self._words.name}"

    async def check(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """One judgement a claim, in a thread of its own."""
        return await asyncio.to_thread(self.weigh, claims, evidence, question=question)

    def weigh(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """As `check`, at once."""
        parts = select_parts(claims, evidence)
        texts = [_complete(claim.text, question) for claim in claims]
        held = list(zip(texts, parts, strict=True))
        self._read_ahead(held)
        return [self._weigh_one(text, own) for text, own in held]

    def _read_ahead(self, held: Sequence[tuple[str, Sequence[Part]]]) -> None:
        """Read in one go what the claims will be held against one by one."""
        to_read = [
            (text, [part.evidence for part in parts])
            for text, parts in held
            if not _find_verbatim(text, parts)
        ]
        alike = [each for each in to_read if _are_english(*each)]
        self._reader.read([text for text, _ in alike])
        self._reader.read_each([evidence for _, evidence in alike])
        others = [each for each in to_read if not _are_english(*each)]
        embedder = self._multilingual() if others else None
        if embedder:
            embedder.embed_queries(list_sentences(others))

    def reach(self, question: str, text: str, around: str) -> Mapping[str, float]:
        """How far a text, and what stands around it, reaches the words of a question."""
        return measure_reach(self._reader, question, text, around)

    def _weigh_one(self, claim: str, parts: Sequence[Part]) -> Judgement:
        evidence = [part.evidence for part in parts]
        if found := _find_verbatim(claim, parts):
            return Judgement("supported", 1.0, (), (found,))
        if not _are_english(claim, evidence):
            embedder = self._multilingual()
            translated = hold_translated(claim, evidence, embedder) if embedder else None
            if translated:
                held, units = translated
                score = self._judges.translated.judge(held.signals)
                return _judge(held, units, parts, score)
        read = self._reader.read_evidence(evidence)
        held_in_english = hold(self._reader.read([claim])[0], read)
        if held_in_english is None:
            return Judgement("unsupported", 0.0, (NOTHING_SAYS,))
        score = self._judges.sentence.judge(held_in_english.signals)
        return _judge(held_in_english, read.units, parts, score)


def _are_english(claim: str, evidence: Sequence[Evidence]) -> bool:
    return is_english(claim) and all(is_english(each.text) for each in evidence[:1])


def _complete(claim: str, question: str) -> str:
    """A bare "No." with the question that it answers, and a statement without what leads to it."""
    is_bare = bool(question) and LEADING_REPLY.sub("", claim.rstrip(" .!") + ",").strip() == ""
    if is_bare:
        return f"{claim} {question.rstrip('?')}"
    plain = FRAME.sub("", LEADING_REPLY.sub("", claim))
    return plain if len(plain.split()) > 2 else claim


def _find_verbatim(claim: str, parts: Sequence[Part]) -> Quote | None:
    wanted = claim.strip()
    for part in parts:
        start = part.evidence.text.find(wanted) if len(wanted.split()) > 1 else -1
        if start >= 0:
            return Quote(part.index, Span(part.start + start, part.start + start + len(wanted)))
    return None


def _judge(held: Held, units: Sequence[Unit], parts: Sequence[Part], score: float) -> Judgement:
    part = parts[held.evidence]
    first, last = units[held.units[0]].span, units[held.units[-1]].span
    quote = Quote(part.index, Span(part.start + first.start, part.start + last.end))
    verdict, reasons = _name(held, score)
    return Judgement(verdict, score, reasons, (quote,), dict(held.signals))


def _name(held: Held, score: float) -> tuple[Verdict, tuple[str, ...]]:
    if score >= SUPPORTED:
        return "supported", ()
    differences = tuple(dict.fromkeys(held.comparison.differences))[:MOST_REASONS]
    if differences:
        return "differs", differences
    gaps = tuple(dict.fromkeys(held.comparison.gaps))[:MOST_REASONS]
    return "unsupported", gaps or (NOTHING_SAYS,)
