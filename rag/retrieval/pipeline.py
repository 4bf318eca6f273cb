"""The one way from a question to its hits: found, fused, expanded, judged, reranked, packed.

What a search did at every stage stays in its result, where explanations, answers and the evaluation
read it.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore

from rag.domain import Hit, Ranking, SearchResult, Wording
from rag.ports import Embedder
from rag.releases.embedders import vector_space
from rag.releases.folder import OpenRelease
from rag.releases.manifest import Manifest
from rag.retrieval.confidence import (
    HITS_FOR_CONFIDENCE,
    Signals,
    estimate_confidence,
    read_signals,
    share_known,
)
from rag.retrieval.fusion import (
    by_score,
    fuse,
    fuse_wordings,
    share_with_neighbours,
    weigh_words,
)
from rag.retrieval.packing import HITS_TO_PACK, pack
from rag.retrieval.query import Query
from rag.retrieval.reranking import Reranking
from rag.retrieval.retrievers import RETRIEVERS, Retriever, choose_retriever
from rag.retrieval.scope import Scope
from rag.retrieval.versions.preference import prefer_versions

CANDIDATES = 100
"""With 50 as much evidence was found on six sets, within .01, and less of long texts."""
NEIGHBOUR_SHARE = 0.1
"""From 0 to .2 as much evidence was found on six sets, within .01."""
CHUNKS_THAT_KNOW = 5
"""Best chunks by words in which is looked how much of a question one of them has."""
TURNS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SearchPipeline:
    """Searches any release, as these settings say where a request's scope does not.

    Questions are embedded as many as come, but only a few threads look into the indexes at once:
    more than there are cores would do nothing but wait for the interpreter.
    """

    embedder_of: Callable[[Manifest], Embedder]
    mode: str
    top_k: int
    context_characters: int
    min_confidence: float | None = None
    reranking: Reranking | None = None
    turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(TURNS))

    def search(
        self,
        texts: Sequence[str],
        release: OpenRelease,
        scope: Scope,
        *,
        top_k: int | None = None,
        packs: bool = False,
    ) -> SearchResult:
        """The `top_k` best hits for a question and its other wordings, the question itself first.

        With `packs` there are passages too, and all the hits that they were made from. Raises
        InvalidFilter.
        """
        clock, mode, reranking = _Clock(), self.mode_of(scope), self._reranking(scope)
        wanted = max(top_k or self.top_k, HITS_TO_PACK if packs else 0)
        read = reranking.most_hits if reranking else 0
        queries = self._embed(texts, release, scope)
        clock.note("embedding")
        with self.turns:
            found = self._find(queries, mode, clock, wanted=wanted, read=read)
        if reranking:
            hits = reranking.reorder(texts[0], found.hits)
            order = [(hit.chunk.id, hit.scores["rerank"]) for hit in hits if "rerank" in hit.scores]
            found = replace(found, hits=hits, reranked=order)
            clock.note("rerank")
        preferred = prefer_versions(found.hits, queries[0])
        if preferred.hits != found.hits:
            order = [(hit.chunk.id, hit.score) for hit in preferred.hits]
            found = replace(found, hits=preferred.hits, versioned=order, instead=preferred.instead)
        clock.note("versions")
        if packs:
            best, budget = found.hits[:HITS_TO_PACK], self.context_characters
            passages = pack(best, release.documents, budget_characters=budget)
            found = replace(found, passages=passages)
            clock.note("packing")
        return replace(found, hits=found.hits[:wanted], timings_ms=clock.timings_ms)

    def find_each(
        self, texts: Sequence[str], release: OpenRelease, scope: Scope, *, top_k: int
    ) -> list[tuple[Hit, ...]]:
        """The best hits of each text by itself, embedded together. Raises InvalidFilter."""
        queries = self._embed(texts, release, scope) if texts else []
        retriever = retriever_of(release, self.mode_of(scope))
        found = []
        with self.turns:
            for query in queries:
                own = rank_candidates(query, retriever.find(query, CANDIDATES), retriever)
                found.append(load_hits(query, [own], own.ranked[:top_k]))
        return found

    def _embed(self, texts: Sequence[str], release: OpenRelease, scope: Scope) -> list[Query]:
        queries = [self.query(text, release, scope) for text in texts]
        if not RETRIEVERS[self.mode_of(scope)].needs_vector:
            return queries
        vectors = queries[0].embedder.embed_queries(texts)
        return [replace(q, vector=v) for q, v in zip(queries, vectors, strict=True)]

    def _find(
        self, queries: Sequence[Query], mode: str, clock: "_Clock", *, wanted: int, read: int
    ) -> SearchResult:
        """The search up to the reranking, which is to read the `read` best.

        The confidence is the question's own, as its hits were before they were fused with others or
        reranked: so the threshold was learned.
        """
        question, release = queries[0], queries[0].release
        retriever = retriever_of(release, mode)
        rankings = [retriever.find(query, CANDIDATES) for query in queries]
        clock.note("candidates")
        wordings = tuple(
            rank_candidates(query, each, retriever)
            for query, each in zip(queries, rankings, strict=True)
        )
        expanded = fuse_wordings([each.ranked[: max(HITS_TO_PACK, read)] for each in wordings])
        clock.note("fusion")
        ranked = expanded or wordings[0].ranked
        hits = load_hits(question, wordings, ranked[: max(wanted, read, HITS_FOR_CONFIDENCE)])
        clock.note("hits")
        confidence = judge(question, wordings[0], None if expanded else hits)
        clock.note("confidence")
        least = self.min_confidence
        return SearchResult(
            query=question.text,
            corpus=release.manifest.corpus,
            release=release.manifest.release,
            mode=mode,
            confidence=confidence,
            hits=hits,
            threshold=release.threshold if least is None else least,
            wordings=wordings,
            expanded=expanded,
        )

    def query(self, text: str, release: OpenRelease, scope: Scope) -> Query:
        """A checked question with all that its search needs. Raises InvalidFilter."""
        subset = release.documents.subset(scope.filters)
        return Query(text, release, self.embedder_of(release.manifest), subset, scope.filters)

    def label(self, scope: Scope, release: OpenRelease) -> str:
        """All that decides how hits are found and ranked at first, in one line."""
        mode = self.mode_of(scope)
        chosen = retriever_of(release, mode)
        weights = f"{dict(chosen.weights)} from {chosen.known}"
        return f"{mode} min-max {weights} top {CANDIDATES} beside {NEIGHBOUR_SHARE}"

    def reranker_label(self, scope: Scope) -> str:
        """The model that reads the best hits again and its limits, empty where none does."""
        reranking = self._reranking(scope)
        if not reranking:
            return ""
        return f"{reranking.reranker.name} top {reranking.most_hits} in {reranking.budget_s:g} s"

    def mode_of(self, scope: Scope) -> str:
        """How a request is searched."""
        return scope.mode or self.mode

    def _reranking(self, scope: Scope) -> Reranking | None:
        return None if scope.rerank is False else self.reranking


class _Clock:
    """How long each stage took."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def note(self, stage: str) -> None:
        """Count what has passed since the stage before as this one's."""
        now = time.perf_counter()
        self.timings_ms[stage] = (now - self._last) * 1e3
        self._last = now


def retriever_of(release: OpenRelease, mode: str) -> Retriever:
    """The retriever of that name, as the release's embedder wants it."""
    return choose_retriever(mode, vector_space(release.manifest.embedder))


def rank_candidates(query: Query, rankings: Mapping[str, Ranking], retriever: Retriever) -> Wording:
    """All candidates of a question in one order, best first."""
    weights = retriever.weights
    if retriever.by_meaning:
        words = next(name for name in weights if name != retriever.by_meaning)
        best = [id_ for id_, _ in rankings[words][:CHUNKS_THAT_KNOW]]
        known = share_known(query.text, best, query.release)
        enough, instead = retriever.known, retriever.by_meaning
        weights = weigh_words(weights, known, enough=enough, instead=instead)
    fused = fuse(rankings, weights)
    shared = share_with_neighbours(fused, query.release.documents, NEIGHBOUR_SHARE)
    return Wording(query.text, rankings, weights, fused, by_score(shared))


def load_hits(query: Query, wordings: Sequence[Wording], ranked: Ranking) -> tuple[Hit, ...]:
    """Ranked candidates with their texts, and what each ranking of the first that had them gave.

    Whatever the searches before did, none is of a document that may not be found.
    """
    found = query.release.documents.chunks([id_ for id_, _ in ranked])
    stages = [{name: dict(each) for name, each in w.rankings.items()} for w in wordings]
    hits = (
        Hit(*found[id_], score, next(filter(None, (_scores(each, id_) for each in stages)), {}))
        for id_, score in ranked
        if id_ in found
    )
    subset = query.subset
    return tuple(hit for hit in hits if subset is None or hit.document.id in subset.documents)


def _scores(stages: Mapping[str, Mapping[str, float]], id_: str) -> dict[str, float]:
    return {name: scores[id_] for name, scores in stages.items() if id_ in scores}


def judge(question: Query, own: Wording, hits: Sequence[Hit] | None = None) -> float:
    """The confidence of a question's own ranking; `hits` begin with its best, if loaded before."""
    if hits is None:
        hits = load_hits(question, [own], own.ranked[:HITS_FOR_CONFIDENCE])
    return estimate_confidence(question.text, hits, own.rankings, question.release)


def signals_of(question: Query, own: Wording) -> Signals:
    """What the confidence of a question's own ranking is made of; empty where nothing is found."""
    hits = load_hits(question, [own], own.ranked[:HITS_FOR_CONFIDENCE])
    return read_signals(question.text, hits, own.rankings, question.release) if hits else {}
