"""How likely the hits hold an answer: closeness in meaning and shared words, both free of scale."""

from collections.abc import Iterable, Mapping

COSINE_LOW, COSINE_HIGH = 0.2, 0.7
SHARE_OF_COSINE = 0.5


def term_coverage(weights: Mapping[str, float], terms: Iterable[str]) -> float:
    """Share of a question's terms found among `terms`, each counted by its rarity, in [0, 1]."""
    total = sum(weights.values())
    found = set(terms)
    return sum(w for term, w in weights.items() if term in found) / total if total else 0.0


def estimate_confidence(best_cosine: float | None, coverage: float) -> float:
    """Confidence in [0, 1] from the best cosine of any chunk and the best coverage of any hit."""
    if best_cosine is None:
        return coverage
    closeness = (best_cosine - COSINE_LOW) / (COSINE_HIGH - COSINE_LOW)
    closeness = min(1.0, max(0.0, closeness))
    return SHARE_OF_COSINE * closeness + (1 - SHARE_OF_COSINE) * coverage
