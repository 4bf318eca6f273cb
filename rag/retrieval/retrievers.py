"""The table of retrievers: a new one is a function and a row of RETRIEVERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.errors import InvalidRetriever

if TYPE_CHECKING:  # so that settings and commands know the names without loading numpy
    from rag.domain import Ranking
    from rag.retrieval.query import Query


@dataclass(frozen=True, slots=True)
class Retriever:
    """All that a way to find candidates is.

    `find` gives at most so many chunks in each ranking that `weights` names; the weights count when
    the rankings are fused. With `needs_vector` the question is embedded beforehand. The ranking
    `by_meaning`, if one is named, takes over from the others in proportion as the share of the
    question's words that one chunk has is below `known`.
    """

    find: "Callable[[Query, int], dict[str, Ranking]]"
    weights: Mapping[str, float]
    needs_vector: bool = False
    by_meaning: str = ""
    known: float = 0.8


def find_dense(query: "Query", limit: int) -> "dict[str, Ranking]":
    """Candidates by cosine."""
    return {"dense": query.find_vectors(limit)}


def find_lexical(query: "Query", limit: int) -> "dict[str, Ranking]":
    """Candidates by BM25, over each chunk alone and over each with the chunks beside it."""
    lexical = query.release.lexical
    return {
        "lexical": query.find_words(lexical.search, limit),
        "context": query.find_words(lexical.search_context, limit),
    }


def find_hybrid(query: "Query", limit: int) -> "dict[str, Ranking]":
    """Candidates of both."""
    return find_dense(query, limit) | find_lexical(query, limit)


# Weights of a question in the documents' words, and `known`, are among the best of some 2,000 drawn
# at random, on the tuning parts of five sets: docs/decisions/fusion.md.
DENSE = {"dense": 0.4}
LEXICAL = {"lexical": 0.2, "context": 0.4}

RETRIEVERS: dict[str, Retriever] = {
    "hybrid": Retriever(find_hybrid, DENSE | LEXICAL, needs_vector=True, by_meaning="dense"),
    "dense": Retriever(find_dense, DENSE, needs_vector=True),
    "lexical": Retriever(find_lexical, LEXICAL),
}
FOR_EMBEDDERS: dict[tuple[str, str], Retriever] = {
    ("hybrid", "all-MiniLM-L6-v2@53aa51172d14"): replace(
        RETRIEVERS["hybrid"], weights={"dense": 0.3, "lexical": 0.3, "context": 0.4}, known=0.5
    ),
}
"""Where an embedder wants other weights, by retriever and vector space: it is a small one."""


def choose_retriever(mode: str, space: str) -> Retriever:
    """The retriever of that name for the vectors of that space."""
    return FOR_EMBEDDERS.get((mode, space), RETRIEVERS[mode])


def check_mode(name: str) -> str:
    """Return `name` if it is that of a retriever, else raise InvalidRetriever."""
    if name not in RETRIEVERS:
        raise InvalidRetriever(f"no retriever {name[:80]!r}: use one of {', '.join(RETRIEVERS)}")
    return name
