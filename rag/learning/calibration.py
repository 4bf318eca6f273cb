"""What a release learns of its own confidence: how often it errs, and the scale of its cosines.

Questions are made from some of its chunks, in the documents' words and in others, and each is asked
once with all documents there and once without the document that it comes from. The shares of these
foreign questions that would be answered, and of the others that would not, are its error rates.
Where all documents are about one matter a foreign question finds its answer elsewhere: so the rates
are told to operators and move no threshold.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from rag.domain import Chunk, Ranking
from rag.learning.asking import MadeQuestion, make_questions
from rag.ports import Embedder
from rag.releases.embedders import vector_space
from rag.releases.folder import CALIBRATION_METHOD, OpenRelease, read_learned
from rag.retrieval.confidence import AS_IT_IS, Signals, load_coefficients, rescale, weigh
from rag.retrieval.pipeline import CANDIDATES, rank_candidates, retriever_of, signals_of
from rag.retrieval.query import Query

THRESHOLD = 0.45  # chosen on the tuning parts: docs/models/confidence.md
SAMPLES = 150  # chosen: one of them is less than a hundredth
LEAST_SAMPLES = 30  # chosen: of fewer, a single question is more than .03
MOST_HELD_OUT = 2000  # chosen: so many more candidates are asked for, which costs time
LEAST_GAP = 0.01  # chosen: where documents make hardly a difference, the factor stays in bounds
CURVE = tuple(round(step / 20, 2) for step in range(1, 20))  # .05 to .95
ALL = "all"
"""Both kinds of made questions together."""
RETRIEVER = "hybrid"
"""Whatever a release is asked by later, its error rates are those of both searches together."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At this threshold, what share of foreign questions is answered and of own ones is not."""

    threshold: float
    false_answers: float
    missed_answers: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The threshold of a release, and of each kind of made question the error rates at it.

    Without samples enough there are neither rates nor curve.
    `closeness` is the scale of the embedder's cosines, an offset and a factor, None if unknown.
    """

    threshold: float
    samples: int
    closeness: tuple[float, float] | None
    rates: Mapping[str, CurvePoint]
    curve: tuple[CurvePoint, ...]
    method: str = CALIBRATION_METHOD

    def to_json(self) -> str:
        """As the text of `calibration.json`."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_calibration(release: Path, embedder: str) -> Calibration:
    """What `release/calibration.json` holds; no rates where it holds nothing of use.

    `embedder` is the fingerprint of the one that made the release.
    """
    raw = read_learned(release)
    if raw is None:
        return _unlearned(embedder, 0)
    try:
        scale = raw["closeness"] and (float(raw["closeness"][0]), float(raw["closeness"][1]))
        return Calibration(
            float(raw["threshold"]),
            int(raw["samples"]),
            scale,
            {kind: CurvePoint(**rates) for kind, rates in raw["rates"].items()},
            tuple(CurvePoint(**point) for point in raw["curve"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return _unlearned(embedder, 0)


def _unlearned(embedder: str, samples: int) -> Calibration:
    scale = load_coefficients().scales.get(vector_space(embedder))
    return Calibration(THRESHOLD, samples, scale, {}, ())


@dataclass(frozen=True, slots=True)
class Asked:
    """A made question's signals, with all documents there and without its own."""

    kind: str
    own: Signals
    foreign: Signals

    def rescale(self, scale: tuple[float, float]) -> "Asked":
        """The same, as if the release had been opened with that scale of its cosines."""
        return Asked(self.kind, rescale(self.own, scale), rescale(self.foreign, scale))


def calibrate(release: OpenRelease, embedder: Embedder) -> Calibration:
    """Learn of a release from itself."""
    fingerprint = release.manifest.embedder
    known = load_coefficients().scales.get(vector_space(fingerprint))
    release = replace(release, closeness=known or AS_IT_IS)
    made = make_questions(sample_chunks(release), release)
    if len(made) < LEAST_SAMPLES:
        return _unlearned(fingerprint, len(made))
    vectors = embedder.embed_queries([each.text for each in made])
    asked = [
        ask(each, Query(each.text, release, embedder, vector=vector))
        for each, vector in zip(made, vectors, strict=True)
    ]
    if known:
        return _learn(asked, known)
    scale = find_scale(*average_closeness(asked))
    return _learn([each.rescale(scale) for each in asked], scale)


def sample_chunks(release: OpenRelease) -> list[Chunk]:
    """Chunks of documents that are not most of the release."""
    kept = []
    total = release.manifest.chunks
    for chunk in release.documents.sample(SAMPLES):
        size = len(release.documents.chunk_ids(chunk.document_id))
        if size <= min(MOST_HELD_OUT, total * 9 // 10):
            kept.append(chunk)
    return kept


def ask(made: MadeQuestion, query: Query) -> Asked:
    held_out = frozenset(query.release.documents.chunk_ids(made.chunk.document_id))
    rankings = find_candidates(query, len(held_out))
    own, foreign = (ask_without(query, rankings, gone) for gone in (frozenset(), held_out))
    return Asked(made.kind, own, foreign)


def find_candidates(query: Query, spare: int) -> dict[str, Ranking]:
    """The rankings of a question, with so many more candidates than a search has."""
    return retriever_of(query.release, RETRIEVER).find(query, CANDIDATES + spare)


def ask_without(query: Query, rankings: Mapping[str, Ranking], held_out: frozenset[str]) -> Signals:
    """The signals of a search in which the chunks `held_out` are not there."""
    left = {
        stage: [pair for pair in ranking if pair[0] not in held_out][:CANDIDATES]
        for stage, ranking in rankings.items()
    }
    return signals_of(query, rank_candidates(query, left, retriever_of(query.release, RETRIEVER)))


def average_closeness(asked: Sequence[Asked]) -> tuple[float, float]:
    """Of questions in the documents' words: the mean closeness with and without the document."""
    words = [each for each in asked if each.kind == "words"]
    own = fmean(each.own.get("closeness", 0.0) for each in words)
    return own, fmean(each.foreign.get("closeness", 0.0) for each in words)


def find_scale(own: float, foreign: float) -> tuple[float, float]:
    """How an embedder's cosines compare, by those of made questions: these means tell its scale."""
    expected_own, expected_foreign = load_coefficients().made
    factor = (expected_own - expected_foreign) / max(own - foreign, LEAST_GAP)
    return expected_own - factor * own, factor


def _learn(asked: Sequence[Asked], scale: tuple[float, float]) -> Calibration:
    kinds = sorted({each.kind for each in asked})
    own = {kind: [weigh(e.own) for e in asked if kind in (e.kind, ALL)] for kind in [*kinds, ALL]}
    foreign = {k: [weigh(e.foreign) for e in asked if k in (e.kind, ALL)] for k in [*kinds, ALL]}

    def rate(at: float, kind: str) -> CurvePoint:
        false, missed = np.mean(np.array(foreign[kind]) >= at), np.mean(np.array(own[kind]) < at)
        return CurvePoint(round(at, 4), round(float(false), 4), round(float(missed), 4))

    return Calibration(
        THRESHOLD,
        len(asked),
        scale,
        {kind: rate(THRESHOLD, kind) for kind in kinds},
        tuple(rate(at, ALL) for at in CURVE),
    )
