"""Why a search found what it found: the rank and score of every candidate at every stage."""

from collections.abc import Mapping
from dataclasses import dataclass

from rag.domain import Chunk, Document, DocumentRef, Hit, Mode, Passage
from rag.errors import DocumentNotFound
from rag.ports import Ranking
from rag.releases.folder import OpenRelease
from rag.retrieval.confidence import estimate_confidence
from rag.retrieval.fusion import fuse, share_with_neighbours
from rag.retrieval.packing import HITS_TO_PACK, pack
from rag.retrieval.reranking import Reranking
from rag.retrieval.searching import NEIGHBOUR_SHARE, RETRIEVERS, WEIGHTS, Query, load_hits
from rag.retrieval.tracing import Trace, trace_document

MOST_MEANT = 5
FUSED, NEIGHBOURS, RERANK, PACKED = "fused", "neighbours", "rerank", "packed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stood in a stage's ranking, from 1, and with which score."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk with its place at each stage that had it; `is_used` if it was given to the answer."""

    chunk: Chunk
    document: DocumentRef
    is_used: bool
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each stage made of a question; `kept` counts the chunks that each stage went on with.

    `terms` are the question's words as the lexical index weighs them for this reader. Of the
    `chunks` that may be read only `searched` could be found with these filters.
    """

    question: str
    corpus: str
    release: int
    mode: Mode
    confidence: float
    threshold: float
    terms: Mapping[str, float]
    chunks: int
    searched: int
    kept: Mapping[str, int]
    candidates: tuple[Candidate, ...]
    trace: Trace | None

    @property
    def is_answered(self) -> bool:
        """Whether the confidence reaches the threshold."""
        return self.confidence >= self.threshold and bool(self.candidates)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer is bound to: evidence of so many characters, and so much confidence."""

    budget_characters: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Explainer:
    """Goes the way of a search once more and keeps what every stage said."""

    query: Query
    mode: Mode
    reranking: Reranking | None
    limits: Limits

    def explain(self, *, top: int, document: str | None = None) -> Explanation:
        """The `top` best candidates, and what became of `document`, an id or a source.

        Raises DocumentNotFound where the reader has no such document.
        """
        query, release = self.query, self.query.release
        wanted = find_document(release, document) if document is not None else None
        rankings = RETRIEVERS[self.mode](query)
        stages, hits, passages = self._stages(rankings)
        confidence = estimate_confidence(query.text, hits[:HITS_TO_PACK], rankings, release)
        is_confident = confidence >= self.limits.threshold
        trace = None
        if wanted is not None:
            trace = trace_document(
                wanted, query, stages, passages=passages, is_confident=is_confident
            )
        return Explanation(
            question=query.text,
            corpus=release.manifest.corpus,
            release=release.manifest.release,
            mode=self.mode,
            confidence=confidence,
            threshold=self.limits.threshold,
            terms=release.lexical.term_weights(query.text),
            chunks=release.readable.chunks,
            searched=release.manifest.chunks if query.subset is None else len(query.subset.rows),
            kept={name: len(ranking) for name, ranking in stages.items()},
            candidates=_candidates(hits[:top], stages),
            trace=trace,
        )

    def _stages(
        self, rankings: Mapping[str, Ranking]
    ) -> tuple[dict[str, Ranking], tuple[Hit, ...], tuple[Passage, ...]]:
        """The ranking of every stage in their order, all hits as they ended, what was packed."""
        release = self.query.release
        fused = fuse(rankings, WEIGHTS)
        shared = _sorted(share_with_neighbours(fused, release.documents, NEIGHBOUR_SHARE))
        stages = {**rankings, FUSED: _sorted(fused), NEIGHBOURS: shared}
        hits = load_hits(release, shared, rankings)
        if self.reranking:
            hits = self.reranking.reorder(self.query.text, hits)
            stages[RERANK] = [
                (hit.chunk.id, hit.scores[RERANK]) for hit in hits if RERANK in hit.scores
            ]
        passages = pack(
            hits[:HITS_TO_PACK], release.documents, budget_characters=self.limits.budget_characters
        )
        stages[PACKED] = [
            (hit.chunk.id, hit.score)
            for hit in hits[:HITS_TO_PACK]
            if any(holds(passage, hit.chunk) for passage in passages)
        ]
        return stages, hits, passages


def find_document(release: OpenRelease, name: str) -> Document:
    """The document of that id or that source.

    Raises DocumentNotFound, with those that may be meant where only the end of a source is given.
    """
    references = release.documents.references()
    for reference in references:
        if name in (reference.id, reference.source):
            return release.documents.document(reference.id)
    meant = [each.source for each in references if each.source.endswith(f"/{name}")][:MOST_MEANT]
    advice = f": {', '.join(meant)} may be meant" if meant else ""
    raise DocumentNotFound(f"no document {name[:80]!r} in this release{advice}")


def holds(passage: Passage, chunk: Chunk) -> bool:
    """Whether a chunk is part of a passage."""
    is_inside = passage.span.start <= chunk.span.start and chunk.span.end <= passage.span.end
    return passage.document.id == chunk.document_id and is_inside


def _sorted(scores: Mapping[str, float]) -> Ranking:
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _candidates(hits: tuple[Hit, ...], stages: Mapping[str, Ranking]) -> tuple[Candidate, ...]:
    places = {
        name: {id_: Place(rank, score) for rank, (id_, score) in enumerate(ranking, 1)}
        for name, ranking in stages.items()
    }
    return tuple(
        Candidate(
            chunk=hit.chunk,
            document=hit.document,
            is_used=hit.chunk.id in places[PACKED],
            places={
                name: found[hit.chunk.id] for name, found in places.items() if hit.chunk.id in found
            },
        )
        for hit in hits
    )
