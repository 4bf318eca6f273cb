"""How likely the hits of a search hold an answer, from what the search tells of itself.

A paraphrase shares no word with its passage, a keyword query little of its meaning. So signals of
both kinds are read off a search, and weighed by coefficients that were learned from questions as
people ask them: `docs/models/confidence.md`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from rag.domain import Hit, Ranking
from rag.ports import DocumentStore
from rag.releases.folder import OpenRelease

COEFFICIENTS = Path(__file__).parents[1] / "coefficients" / "confidence.json"
HITS_FOR_CONFIDENCE = 3  # measured: docs/decisions/confidence.md
TYPICAL = 20  # chosen: as many chunks as may be about the matter of a question
LEAD, PEAK = 5, 9  # chosen: how many places the best one is compared with, by meaning and by words

UNTOLD = 0.5  # chosen: above the threshold, for nothing speaks against an answer
MOST_LOGIT = 50.0  # chosen: beyond it exp is as good as 0
MEANING, WORDS, BOTH = "meaning", "words", "both"
OF_COSINES = ("closeness", "typical", "lead", "spread")
KINDS = {
    MEANING: OF_COSINES,
    WORDS: ("context",),
    BOTH: (*OF_COSINES, "context", "unknown", "peak", "length"),
}
"""The signals that count for a search by meaning, by words, and by both."""
AS_IT_IS = (0.0, 1.0)
"""The scale of cosines that compare as they are."""
Signals = dict[str, float]
"""What a search tells, by name; what a retriever does not have is left out."""


class Coefficient(NamedTuple):
    """The weight of a signal, in deviations from its mean on the questions it was learned from."""

    mean: float
    deviation: float
    weight: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression over signals."""

    intercept: float
    signals: Mapping[str, Coefficient]

    def weigh(self, signals: Signals) -> float:
        """The confidence that these signals give, in (0, 1); all of the regression's are there."""
        logit = self.intercept + sum(
            each.weight * (signals[name] - each.mean) / each.deviation
            for name, each in self.signals.items()
        )
        return 1 / (1 + math.exp(-max(-MOST_LOGIT, min(MOST_LOGIT, logit))))


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Regressions, for what a search has signals of, and how embedders' cosines compare.

    A cosine of an embedder with that vector space means as much as `offset + factor * cosine` of
    the one that the regressions were learned with. `made` are its mean closeness for questions made
    from releases, with and without the documents that they were made from.
    """

    regressions: Mapping[str, Regression]
    scales: Mapping[str, tuple[float, float]]
    made: tuple[float, float]


@cache
def load_coefficients() -> Coefficients:
    """Those that the package brings along."""
    raw = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    regressions = {
        kind: Regression(
            each["intercept"], {name: Coefficient(**c) for name, c in each["signals"].items()}
        )
        for kind, each in raw["regressions"].items()
    }
    scales = {name: (offset, factor) for name, (offset, factor) in raw["scales"].items()}
    own, foreign = raw["made"]
    return Coefficients(regressions, scales, (own, foreign))


def weigh(signals: Signals) -> float:
    """The confidence that signals give, by the regression for those that are there.

    UNTOLD where there are none.
    """
    fit = [kind for kind, names in KINDS.items() if signals.keys() >= set(names)]
    return load_coefficients().regressions[fit[-1]].weigh(signals) if fit else UNTOLD


def rescale(signals: Signals, scale: tuple[float, float]) -> Signals:
    """Signals of cosines as they are, as those of cosines on that scale."""
    offset, factor = scale
    offsets = {"closeness": offset, "typical": offset, "lead": 0.0, "spread": 0.0}
    scaled = {name: at + factor * signals[name] for name, at in offsets.items() if name in signals}
    return signals | scaled


def estimate_confidence(
    question: str, hits: Sequence[Hit], rankings: Mapping[str, Ranking], release: OpenRelease
) -> float:
    """Confidence in [0, 1] that the best of the hits hold an answer; 0 without hits."""
    return weigh(read_signals(question, hits, rankings, release)) if hits else 0.0


def read_signals(
    question: str, hits: Sequence[Hit], rankings: Mapping[str, Ranking], release: OpenRelease
) -> Signals:
    """All signals that these rankings of a question have; there is at least one hit.

    Cosines whose scale is not known tell nothing.

    *closeness*: cosine of the best hits; *typical*: mean cosine of the nearest chunks; *lead* and
    *spread*: how far the nearest is before the next ones and the last; *context*: share of the
    question's words in a hit and beside it, by rarity; *unknown*: share of words that no chunk
    has; *peak*: how far the best chunk by words is before the next ones; *length*: logarithm of the
    number of words.
    """
    best = [hit.chunk.id for hit in hits[:HITS_FOR_CONFIDENCE]]
    by_meaning, by_words = rankings.get("dense"), rankings.get("context")
    signals: Signals = {}
    if by_meaning and release.closeness:
        signals |= rescale(_read_meaning(best, by_meaning), release.closeness)
    if by_words is not None:
        signals |= _read_words(question, hits, rankings.get("lexical", by_words), release)
    return signals


def _read_meaning(best: Sequence[str], ranking: Ranking) -> Signals:
    cosines = dict(ranking)
    ordered = list(cosines.values())
    return {
        "closeness": max(cosines.get(id_, ordered[-1]) for id_ in best),
        "typical": fmean(ordered[:TYPICAL]),
        "lead": ordered[0] - ordered[: LEAD + 1][-1],
        "spread": ordered[0] - ordered[-1],
    }


def _read_words(
    question: str, hits: Sequence[Hit], ranking: Ranking, release: OpenRelease
) -> Signals:
    weights = release.lexical.term_weights(question)
    total = sum(weights.values()) or 1.0
    scores = [score for _, score in ranking] or [0.0]
    unknown = release.lexical.unknown_terms(question)
    beside = _read_beside(hits[:HITS_FOR_CONFIDENCE], release)
    return {
        "context": max(term_coverage(weights, terms) for terms in beside),
        "unknown": sum(weights.get(term, 0.0) for term in unknown) / total,
        "peak": (scores[0] - scores[: PEAK + 1][-1]) / total,
        "length": math.log1p(len(weights)),
    }


def _read_beside(hits: Sequence[Hit], release: OpenRelease) -> list[list[str]]:
    """The terms of each hit and of the chunks directly before and after it."""
    lexical, beside = release.lexical, _neighbours(hits, release.documents)
    return [
        [
            term
            for text in (hit.chunk.embedded_text, *beside.get(hit.chunk.id, ()))
            for term in lexical.analyze(text)
        ]
        for hit in hits
    ]


def _neighbours(hits: Sequence[Hit], documents: DocumentStore) -> dict[str, list[str]]:
    ids = documents.neighbours([hit.chunk.id for hit in hits])
    found = documents.chunks([other for others in ids.values() for other in others])
    return {
        id_: [found[other][0].embedded_text for other in others if other in found]
        for id_, others in ids.items()
    }


def term_coverage(weights: Mapping[str, float], terms: Iterable[str]) -> float:
    """Share of a question's terms found among `terms`, each counted by its rarity, in [0, 1]."""
    total = sum(weights.values())
    found = set(terms)
    return sum(w for term, w in weights.items() if term in found) / total if total else 0.0


def share_known(question: str, ids: Sequence[str], release: OpenRelease) -> float:
    """The largest share of a question's terms that one of these chunks has, by rarity."""
    weights, lexical = release.lexical.term_weights(question), release.lexical
    found = release.documents.chunks(ids)
    terms = (lexical.analyze(chunk.embedded_text) for chunk, _ in found.values())
    return max((term_coverage(weights, each) for each in terms), default=0.0)
