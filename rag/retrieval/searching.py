"""Search over one release: the table of retrievers, fusion, and the hits that leave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rag.domain import Hit, Mode, SearchResult
from rag.ports import DocumentStore, Embedder, Ranking, Subset, Vectors
from rag.releases.filters import Condition
from rag.releases.folder import OpenRelease
from rag.retrieval.confidence import HITS_FOR_CONFIDENCE, estimate_confidence
from rag.retrieval.fusion import fuse, share_with_neighbours
from rag.retrieval.within import search_vectors, search_words

CANDIDATES = 50
WEIGHTS = {"dense": 0.3, "lexical": 0.3, "context": 0.4}
NEIGHBOUR_SHARE = 0.1
SETTINGS_LABEL = f"min-max {WEIGHTS} top {CANDIDATES} beside {NEIGHBOUR_SHARE}"


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question, the release it is asked of, and the embedder that made the release.

    With a `subset` nothing else of the release is found; `conditions` are the filters behind it.
    A `vector` that is given is the question's, embedded before.
    """

    text: str
    release: OpenRelease
    embedder: Embedder
    subset: Subset | None = None
    conditions: tuple[Condition, ...] = ()
    vector: Vectors | None = None

    @property
    def filtered(self) -> Subset | None:
        """The `subset` where filters made it: the lexical index holds what may be read alone."""
        return self.subset if self.conditions else None


def retrieve_dense(query: Query) -> dict[str, Ranking]:
    """Candidates by cosine."""
    vector = query.vector
    if vector is None:
        vector = query.embedder.embed_queries([query.text])[0]
    return {"dense": search_vectors(query.release, vector, CANDIDATES, query.subset)}


def retrieve_lexical(query: Query) -> dict[str, Ranking]:
    """Candidates by BM25, over each chunk alone and over each with the chunks beside it."""
    lexical = query.release.lexical
    searches = {"lexical": lexical.search, "context": lexical.search_context}
    return {
        name: search_words(
            find, query.text, CANDIDATES, release=query.release, subset=query.filtered
        )
        for name, find in searches.items()
    }


def retrieve_hybrid(query: Query) -> dict[str, Ranking]:
    """Candidates of both."""
    return retrieve_dense(query) | retrieve_lexical(query)


RETRIEVERS: dict[Mode, Callable[[Query], dict[str, Ranking]]] = {
    "hybrid": retrieve_hybrid,
    "dense": retrieve_dense,
    "lexical": retrieve_lexical,
}


def search(query: Query, mode: Mode, *, top_k: int) -> SearchResult:
    """The `top_k` best hits of one release, with every stage's scores and a confidence."""
    rankings = RETRIEVERS[mode](query)
    best = rank(rankings, query.release.documents)
    found = load_hits(query.release, best[: max(top_k, HITS_FOR_CONFIDENCE)], rankings)
    hits = tuple(hit for hit in found if query.subset is None or is_in(hit, query.subset))
    manifest = query.release.manifest
    return SearchResult(
        query=query.text,
        corpus=manifest.corpus,
        release=manifest.release,
        mode=mode,
        confidence=estimate_confidence(query.text, hits, rankings, query.release),
        hits=hits[:top_k],
    )


def is_in(hit: Hit, subset: Subset) -> bool:
    """Whether a hit is of a document that may be found, whatever the searches before it did."""
    return hit.document.id in subset.documents


def rank(rankings: Mapping[str, Ranking], documents: DocumentStore) -> Ranking:
    """All candidates of all stages by their fused scores, best first."""
    scores = share_with_neighbours(fuse(rankings, WEIGHTS), documents, NEIGHBOUR_SHARE)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def load_hits(
    release: OpenRelease, best: Ranking, rankings: Mapping[str, Ranking]
) -> tuple[Hit, ...]:
    """Ranked candidates with their texts and what each stage gave them."""
    found = release.documents.chunks([id_ for id_, _ in best])
    by_stage = {name: dict(ranking) for name, ranking in rankings.items()}
    return tuple(
        Hit(
            chunk=found[id_][0],
            document=found[id_][1],
            score=score,
            scores={name: scores[id_] for name, scores in by_stage.items() if id_ in scores},
        )
        for id_, score in best
        if id_ in found
    )
