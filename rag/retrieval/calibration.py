"""From which confidence on a release answers, learned from the release itself.

A few words are drawn from a chunk and asked as a question, once with all documents there and once
without the document that they come from. The confidence that only one in twenty of these foreign
questions reaches is the threshold; three quarters of the weight are those of a threshold that held
for releases of many kinds, since words drawn from a text are not yet somebody's question. The
questions whose documents are there are easier than people's: they draw the curve but do not move
the threshold. Where all documents are about one matter, a foreign question finds its answer
elsewhere, and the threshold learned is too high: so it stays near the prior one.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.domain import Chunk, Ranking
from rag.ports import Embedder
from rag.releases.folder import CALIBRATION, OpenRelease
from rag.retrieval.pipeline import CANDIDATES, judge, rank_candidates
from rag.retrieval.query import Query
from rag.retrieval.retrievers import RETRIEVERS
from rag.text.sentences import split_sentences

PRIOR_THRESHOLD = 0.36  # with what follows, 1.3 to 3.6 % of foreign questions are answered (bench)
WEIGHT_OF_PRIOR = 0.75  # chosen: words drawn from a text are not yet somebody's question
MOST_DEPARTURE = 0.04  # chosen: where all is about one matter, what is learned is too high
SAMPLES = 150  # chosen: the highest twentieth of them is still seven
LEAST_SAMPLES = 30  # chosen: of fewer, a single question moves the threshold
MOST_HELD_OUT = 2000  # chosen: so many more candidates are asked for, which costs time
WORDS_ASKED = 4  # chosen: about the words that carry a short question
SENTENCE_CHARACTERS = (40, 300)  # chosen: shorter ones are headings, longer ones tables
FALSE_ANSWERS = 0.05  # chosen: the share of foreign questions that may be answered
CURVE = tuple(round(0.2 + step / 50, 2) for step in range(21))  # .2 to .6
WORD = re.compile(r"\w+")
Confidences = npt.NDArray[np.float64]
SEED = 17  # any: the same questions each time
RETRIEVER = RETRIEVERS["hybrid"]
"""Whatever a release is asked by later, its threshold is that of both searches together."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At this threshold, what share of foreign questions is answered and of own ones is not."""

    threshold: float
    false_answers: float
    missed_answers: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The threshold of a release; without samples enough it is the prior one, and no curve."""

    threshold: float
    samples: int
    curve: tuple[CurvePoint, ...]

    def to_json(self) -> str:
        """As the text of `calibration.json`."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_calibration(release: Path) -> Calibration:
    """What `release/calibration.json` holds; the prior threshold where there is none."""
    try:
        raw = json.loads((release / CALIBRATION).read_text())
        curve = tuple(CurvePoint(**point) for point in raw["curve"])
        return Calibration(float(raw["threshold"]), int(raw["samples"]), curve)
    except (OSError, ValueError, KeyError, TypeError):
        return Calibration(PRIOR_THRESHOLD, 0, ())


def calibrate(release: OpenRelease, embedder: Embedder) -> Calibration:
    """Learn the threshold of a release from itself."""
    chance = random.Random(SEED)
    drawn = [(chunk, _draw_words(chunk, release, chance)) for chunk in _sample(release)]
    asked = [(chunk, words) for chunk, words in drawn if words]
    if len(asked) < LEAST_SAMPLES:
        return Calibration(PRIOR_THRESHOLD, len(asked), ())
    vectors = embedder.embed_queries([words for _, words in asked])
    own, foreign = [], []
    for (chunk, words), vector in zip(asked, vectors, strict=True):
        held_out = frozenset(release.documents.chunk_ids(chunk.document_id))
        query = Query(words, release, embedder, vector=vector)
        rankings = RETRIEVER.find(query, CANDIDATES + len(held_out))
        own.append(_judge(query, rankings, frozenset()))
        foreign.append(_judge(query, rankings, held_out))
    return _learn(np.array(own), np.array(foreign))


def _sample(release: OpenRelease) -> list[Chunk]:
    """Chunks of documents that are not most of the release."""
    kept = []
    total = release.manifest.chunks
    for chunk in release.documents.sample(SAMPLES):
        size = len(release.documents.chunk_ids(chunk.document_id))
        if size <= min(MOST_HELD_OUT, total * 9 // 10):
            kept.append(chunk)
    return kept


def _draw_words(chunk: Chunk, release: OpenRelease, chance: random.Random) -> str:
    """The rarest words of one sentence, in their order; nothing where it has no fit sentence."""
    short, long = SENTENCE_CHARACTERS
    spans = [s for s in split_sentences(chunk.text) if short <= s.end - s.start <= long]
    if not spans:
        return ""
    span = chance.choice(spans)
    words = WORD.findall(chunk.text[span.start : span.end])
    rarity = [sum(release.lexical.term_weights(word).values()) for word in words]
    best = sorted(range(len(words)), key=lambda at: (-rarity[at], at))[:WORDS_ASKED]
    return " ".join(words[at] for at in sorted(best) if rarity[at] > 0)


def _judge(query: Query, rankings: Mapping[str, Ranking], held_out: frozenset[str]) -> float:
    """The confidence of a search in which the chunks `held_out` are not there."""
    left = {
        stage: [pair for pair in ranking if pair[0] not in held_out][:CANDIDATES]
        for stage, ranking in rankings.items()
    }
    return judge(query, rank_candidates(query, left, RETRIEVER))


def _learn(own: Confidences, foreign: Confidences) -> Calibration:
    learned = float(np.quantile(foreign, 1 - FALSE_ANSWERS))
    departure = (1 - WEIGHT_OF_PRIOR) * (learned - PRIOR_THRESHOLD)
    threshold = PRIOR_THRESHOLD + min(MOST_DEPARTURE, max(-MOST_DEPARTURE, departure))
    curve = tuple(
        CurvePoint(at, round(float((foreign >= at).mean()), 4), round(float((own < at).mean()), 4))
        for at in CURVE
    )
    return Calibration(round(threshold, 4), len(own), curve)
