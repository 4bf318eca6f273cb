"""The table of retrievers: a new one is a function and a row of RETRIEVERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    `by_meaning`, if one is named, takes over from the others where no chunk has much of the
    question's words.
    """

    find: "Callable[[Query, int], dict[str, Ranking]]"
    weights: Mapping[str, float]
    needs_vector: bool = False
    by_meaning: str = ""


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


# Weights of a question in the documents' words. Of 2,000 drawn at random these were among the best
# on the tuning parts of five sets: docs/decisions/fusion.md.
DENSE = {"dense": 0.4}
LEXICAL = {"lexical": 0.2, "context": 0.4}

RETRIEVERS: dict[str, Retriever] = {
    "hybrid": Retriever(find_hybrid, DENSE | LEXICAL, needs_vector=True, by_meaning="dense"),
    "dense": Retriever(find_dense, DENSE, needs_vector=True),
    "lexical": Retriever(find_lexical, LEXICAL),
}


def check_mode(name: str) -> str:
    """Return `name` if it is that of a retriever, else raise InvalidRetriever."""
    if name not in RETRIEVERS:
        raise InvalidRetriever(f"no retriever {name[:80]!r}: use one of {', '.join(RETRIEVERS)}")
    return name
