"""How well each candidate answers a question: signals, weighed by coefficients that were learned.

Words and places are cheap and read off every candidate; only the best by these are embedded whole.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from rag.answering.extracting.candidates import Candidate
from rag.answering.extracting.intent import NUMBERED, Asked
from rag.answering.extracting.quotable import Unit, plain
from rag.answering.extracting.senses import compare_meanings, compare_words
from rag.domain import Hit, SearchResult
from rag.ports import Embedder, LexicalIndex
from rag.retrieval.confidence import Coefficient, Regression, Signals, term_coverage

COEFFICIENTS = Path(__file__).parents[2] / "coefficients" / "units.json"
MOST_EMBEDDED = 8  # measured: 6 lose .02 of the answers, 16 gain nothing
CONTEXT_WEIGHT = 0.5
"""Weight of a word that only the conversation before has; .25 and 1 find as much."""
WORDS, BOTH = "words", "both"
NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|twice|once)\b",
    re.I,
)
TIME = re.compile(
    r"\d{1,2}[:.]\d\d|\b(?:19|20)\d\d\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b"
    r"|\b(?:day|week|month|year|hour|minute|Tag|Woche|Monat|Jahr|Stunde|Uhr|jour|semaine|mois|an"
    r"|heure|día|semana|mes|año|hora)(?:s|e|en|n|es)?\b",
)
NAME = re.compile(r"[A-ZÀ-Þ][\w'’-]+ (?:(?:of|for|the|de|la|von) )*[A-ZÀ-Þ][\w'’-]+")
ANSWERS = {"number": NUMBER, "time": TIME, "person": NAME}
COMPARED = ("own", "context", "around", "chunk", "meaning")
"""Signals that count as they are, and by how far a candidate is behind the best one in them."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A candidate, how likely it answers, its words, and what told of it."""

    candidate: Candidate
    score: float
    terms: frozenset[str]
    signals: Signals


@cache
def load_regressions() -> Mapping[str, Regression]:
    """Those that the package brings along."""
    raw = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    return {
        kind: Regression(
            each["intercept"], {name: Coefficient(**c) for name, c in each["signals"].items()}
        )
        for kind, each in raw["regressions"].items()
    }


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: its terms by rarity, and what they are compared with."""

    asked: Asked
    texts: tuple[str, ...]
    terms: Mapping[str, float]
    lexical: LexicalIndex

    def without(self, names: Sequence[str]) -> "Question":
        """The question in which these names do not count, for candidates that all have them."""
        named = set(self.lexical.analyze(" ".join(names)))
        terms = {term: weight for term, weight in self.terms.items() if term not in named}
        return replace(self, terms=terms or self.terms)

    def is_met_by(self, text: str) -> bool:
        """Whether a text has what is wanted, a number, a time or a name; true if none is."""
        wanted = ANSWERS.get(self.asked.wanted)
        return wanted is None or wanted.search(text) is not None


def weigh_terms(standalone: str, last: str, lexical: LexicalIndex) -> dict[str, float]:
    """Rarity of the question's terms; those of the last question count more than its context."""
    said = lexical.term_weights(last)
    return {
        term: weight if term in said else CONTEXT_WEIGHT * weight
        for term, weight in lexical.term_weights(standalone).items()
    }


def rank(
    question: Question, candidates: Sequence[Candidate], search: SearchResult, embedder: Embedder
) -> list[Scored]:
    """The candidates that may answer, best first, and how likely each does."""
    told = preselect(question, candidates, search, embedder)
    if not told:
        return []
    kept = [candidate for candidate, _ in told]
    meanings = compare_meanings(question.texts, kept, embedder)
    signals = add_meaning([signals for _, signals in told], meanings)
    weigh = load_regressions()[BOTH].weigh
    terms = _remember(question.lexical.analyze)
    scored = [
        Scored(candidate, weigh(each), terms(candidate.unit.text), each)
        for candidate, each in zip(kept, signals, strict=True)
    ]
    return sorted(scored, key=lambda each: -each.score)


def preselect(
    question: Question, candidates: Sequence[Candidate], search: SearchResult, embedder: Embedder
) -> list[tuple[Candidate, Signals]]:
    """The few best candidates by words and place, with what these tell."""
    signals = read_signals(question, candidates, search, embedder)
    weigh = load_regressions()[WORDS].weigh
    told = sorted(zip(candidates, signals, strict=True), key=lambda pair: -weigh(pair[1]))
    return told[:MOST_EMBEDDED]


def read_signals(
    question: Question, candidates: Sequence[Candidate], search: SearchResult, embedder: Embedder
) -> list[Signals]:
    """What the words and the place of each candidate tell."""
    analyze = _remember(question.lexical.analyze)
    chunks = _Chunks(search)
    alone = embedder.for_sentences(question.texts[0])
    alike = compare_words(question.terms, question.texts, candidates, analyze, alone)
    return _compare(
        [
            _read(question, each, analyze) | chunks.read(each) | near
            for each, near in zip(candidates, alike, strict=True)
        ]
    )


def add_meaning(signals: Sequence[Signals], meanings: Sequence[Signals]) -> list[Signals]:
    """The signals with how near each candidate's sense is to the question's."""
    return _compare([each | meaning for each, meaning in zip(signals, meanings, strict=True)])


def _compare(signals: Sequence[Signals]) -> list[Signals]:
    names = [name for name in COMPARED if signals and name in signals[0]]
    best = {name: max(each[name] for each in signals) for name in names}
    return [
        each | {f"{name} behind": best[name] - each[name] for name in names} for each in signals
    ]


def _remember(analyze: Callable[[str], list[str]]) -> Callable[[str], frozenset[str]]:
    known: dict[str, frozenset[str]] = {}

    def terms(text: str) -> frozenset[str]:
        if text not in known:
            known[text] = frozenset(analyze(text))
        return known[text]

    return terms


Terms = Callable[[str], frozenset[str]]


def _read(question: Question, candidate: Candidate, terms: Terms) -> Signals:
    unit, previous, after = candidate.unit, candidate.previous, candidate.next
    weights = question.terms
    own = terms(unit.text)
    lead = terms(" ".join([unit.before.text if unit.before else "", *unit.columns]))
    headings = terms(" ".join(unit.heading))
    context = own | lead | headings
    beside = terms(previous.text) if previous else frozenset()
    beyond = terms(after.text) if after and after.kind in ("sentence", "item") else frozenset()
    title = terms(candidate.source.name)
    asks = previous is not None and previous.kind == "question"
    wants = question.asked.wanted in ANSWERS
    return {
        "own": term_coverage(weights, own),
        "context": term_coverage(weights, context),
        "around": term_coverage(weights, context | beside | beyond | title),
        "title": term_coverage(weights, title),
        "headings": term_coverage(weights, headings),
        "asks": term_coverage(weights, beside) if asks else 0.0,
        "rarest": max((w for t, w in weights.items() if t in own), default=0.0)
        / max(weights.values(), default=1.0),
        "fits": float(wants and question.is_met_by(unit.text)),
        "number": float(not wants and bool(NUMBER.search(unit.text))),
        "row": float(unit.kind == "row"),
        "item": float(unit.kind == "item"),
        "length": math.log1p(len(own)),
        "opens": float(previous is None or previous.kind in ("heading", "question")),
        **_read_entities(question, candidate),
    }


def _read_entities(question: Question, candidate: Candidate) -> Signals:
    """Whether what the question names by a number is named, or another one of its kind."""
    asked = set(NUMBERED.findall(question.texts[0]))
    if not asked:
        return {"same": 0.0, "other": 0.0}
    named = _named(candidate.unit, candidate.source.document.title)
    kinds = {kind for kind, _ in named}
    others = any(each not in named and each[0] in kinds for each in asked)
    return {"same": float(bool(asked & named)), "other": float(others)}


def _named(unit: Unit, title: str) -> set[tuple[str, str]]:
    """Things named by a number, in the unit itself, else in the nearest text above that has any."""
    cells = {
        (column.capitalize(), cell)
        for column, cell in zip(unit.columns, unit.cells, strict=False)
        if cell[:1].isdigit()
    }
    above = [unit.before.text if unit.before else "", *reversed(unit.heading), title]
    for text in (plain(unit.text), *above):
        named = set(NUMBERED.findall(text)) | cells
        if named:
            return named
    return set()


class _Chunks:
    """What the search gave the chunk that a candidate stands in."""

    def __init__(self, search: SearchResult) -> None:
        self._hits: dict[str, list[Hit]] = {}
        for hit in search.hits:
            self._hits.setdefault(hit.document.id, []).append(hit)
        self._best = max((hit.score for hit in search.hits), default=1.0) or 1.0
        self._best_passage = max((each.score for each in search.passages), default=1.0) or 1.0

    def read(self, candidate: Candidate) -> Signals:
        passage = candidate.passage
        start = candidate.span.start
        score = next(
            (
                hit.score
                for hit in self._hits.get(passage.document.id, ())
                if hit.chunk.span.start <= start < hit.chunk.span.end
            ),
            0.0,
        )
        return {"chunk": score / self._best, "passage": passage.score / self._best_passage}
