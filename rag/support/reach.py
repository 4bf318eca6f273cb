"""How far a text reaches the words of a question: signals of whether it can answer it."""

from collections.abc import Mapping

import numpy as np

from rag.ports import Vectors
from rag.support.reading import Reader, ReadText

LOWEST = 3  # chosen: the lowest third of the words, one of them at least
NOTHING = "."  # read in place of a text that is empty


def measure_reach(reader: Reader, question: str, text: str, around: str) -> Mapping[str, float]:
    """How near the words of a text come to those of a question, by their vectors.

    Each content word of the question counts by its rarity and the best cosine that it has: in the
    text, or there and in what stands `around` it, its title, headings and lead-in. *reached*: the
    mean; *most lost*: the largest share that one word loses; *lowest*: mean of the lowest third;
    *lost*: the sum of what is lost.
    """
    asked, own, beside = reader.read([question, text or NOTHING, around or NOTHING])
    alone = _best(asked, own)
    together = np.maximum(alone, _best(asked, beside))
    content = asked.is_content
    weights = asked.weights[content].astype(float)
    total = float(weights.sum()) or 1.0
    alone, together = alone[content], together[content]
    lost = weights * (1 - together)
    lowest = np.sort(together)[: max(1, len(together) // LOWEST)]
    return {
        "reached": float(weights @ together) / total,
        "most lost": float(lost.max()) / total,
        "lowest": float(lowest.mean()),
        "lost": float(lost.sum()),
        "reached alone": float(weights @ alone) / total,
        "most lost alone": float((weights * (1 - alone)).max()) / total,
    }


def _best(asked: ReadText, text: ReadText) -> Vectors:
    """The best cosine of each word of a question among those of a text."""
    best: Vectors = (asked.vectors @ text.vectors.T).max(axis=1)
    return best
