"""Reranking: the best hits read again, together with the question, within a time budget."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.domain import Hit
from rag.ports import Reranker


@dataclass(frozen=True, slots=True)
class Reranking:
    """The model that reads again, at most how many hits, and within how many seconds."""

    reranker: Reranker
    most_hits: int
    budget_s: float

    def reorder(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The hits that were read in time by their new scores, then the others as they were.

        Each keeps what it had as `scores["fused"]`; the final scores are those of the places, so
        that they still fall from first to last.
        """
        texts = [hit.chunk.embedded_text for hit in hits[: self.most_hits]]
        read = self.reranker.score(question, texts, budget_s=self.budget_s) if texts else []
        scored = [
            replace(hit, scores={**hit.scores, "fused": hit.score, "rerank": score})
            for hit, score in zip(hits, read, strict=False)
        ]
        best = sorted(scored, key=lambda hit: (-hit.scores["rerank"], -hit.score))
        ordered = [*best, *hits[len(best) :]]
        places = sorted((hit.score for hit in hits), reverse=True)
        return tuple(replace(h, score=score) for h, score in zip(ordered, places, strict=True))
