"""A search as a request wants it: of what it may see, in its mode, expanded and reranked or not."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore

from rag.domain import Mode, SearchResult
from rag.ports import Embedder
from rag.releases.folder import OpenRelease
from rag.releases.manifest import Manifest
from rag.retrieval.explaining import Explainer, Limits
from rag.retrieval.fusion import fuse_hits
from rag.retrieval.reranking import Reranking
from rag.retrieval.scope import Scope
from rag.retrieval.searching import SETTINGS_LABEL, Query, search

TURNS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Searcher:
    """What searches any release; a request's scope overrides `mode` and can forgo `reranking`.

    Questions are embedded as many as come, but only a few threads look into the indexes at once:
    more than there are cores would do nothing but wait for the interpreter.
    """

    embedder_of: Callable[[Manifest], Embedder]
    mode: Mode = "hybrid"
    reranking: Reranking | None = None
    turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(TURNS))

    def search(
        self, questions: Sequence[str], release: OpenRelease, scope: Scope, *, top_k: int
    ) -> SearchResult:
        """The `top_k` best hits for a question and its other wordings, the question itself first.

        The confidence is the question's own, as its hits were before they were fused with others or
        reranked: so it was learned. Raises InvalidFilter.
        """
        reranking = self._reranking(scope)
        needed = max(top_k, reranking.most_hits) if reranking else top_k
        mode = self.mode_of(scope)
        queries = self._embed([self.query(each, release, scope) for each in questions], mode)
        with self.turns:
            results = [search(query, mode, top_k=needed) for query in queries]
        hits = fuse_hits([result.hits for result in results], limit=needed)
        if reranking:
            hits = reranking.reorder(questions[0], hits)
        return replace(results[0], hits=hits[:top_k])

    def _embed(self, queries: Sequence[Query], mode: Mode) -> list[Query]:
        if mode == "lexical":
            return list(queries)
        vectors = queries[0].embedder.embed_queries([query.text for query in queries])
        return [replace(q, vector=vector) for q, vector in zip(queries, vectors, strict=True)]

    def query(self, question: str, release: OpenRelease, scope: Scope) -> Query:
        """A checked question with all that its search needs. Raises InvalidFilter."""
        subset = release.documents.subset(scope.filters)
        embedder = self.embedder_of(release.manifest)
        return Query(question, release, embedder, subset, scope.filters)

    def explainer(
        self, question: str, release: OpenRelease, scope: Scope, *, limits: Limits
    ) -> Explainer:
        """What explains a search for `question` as `search` would make it. Raises InvalidFilter."""
        query = self.query(question, release, scope)
        return Explainer(query, self.mode_of(scope), self._reranking(scope), limits)

    def mode_of(self, scope: Scope) -> Mode:
        """How a request is searched."""
        return scope.mode or self.mode

    def label(self, scope: Scope) -> str:
        """All that decides how hits are found and ranked at first, in one line."""
        return f"{self.mode_of(scope)} {SETTINGS_LABEL}"

    def reranker_label(self, scope: Scope) -> str:
        """The model that reads the best hits again and its limits, empty where none does."""
        reranking = self._reranking(scope)
        if not reranking:
            return ""
        return f"{reranking.reranker.name} top {reranking.most_hits} in {reranking.budget_s:g} s"

    def _reranking(self, scope: Scope) -> Reranking | None:
        return None if scope.rerank is False else self.reranking
