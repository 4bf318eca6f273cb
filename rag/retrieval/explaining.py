"""Why a search found what it found: read off its result, stage by stage, never searched again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import Chunk, Document, DocumentRef, Hit, Passage, Ranking, SearchResult
from rag.errors import DocumentNotFound
from rag.releases.folder import OpenRelease
from rag.retrieval.fusion import by_score
from rag.retrieval.packing import HITS_TO_PACK
from rag.retrieval.query import Query
from rag.retrieval.tracing import Trace, trace_document, whole_words

MOST_MEANT = 5  # chosen: fits one line of an error


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
    """What each stage of a search made of it; `kept` counts the chunks that each went on with.

    `terms` are the question's words as the lexical index weighs them for this reader, `readings`
    what it took the words for that no chunk holds. Of the `chunks` that may be read only `searched`
    could be found with these filters.
    """

    search: SearchResult
    terms: Mapping[str, float]
    readings: Mapping[str, str]
    chunks: int
    searched: int
    kept: Mapping[str, int]
    candidates: tuple[Candidate, ...]
    trace: Trace | None


def explain(
    search: SearchResult, query: Query, *, top_k: int, document: Document | None = None
) -> Explanation:
    """The `top_k` best candidates of a search for `query`, and what became of `document`."""
    release, stages = query.release, _stages(search)
    return Explanation(
        search=search,
        terms=release.lexical.term_weights(query.text),
        readings=_tell_readings(query, search.hits),
        chunks=release.readable.chunks,
        searched=release.manifest.chunks if query.subset is None else len(query.subset.rows),
        kept={name: len(ranking) for name, ranking in stages.items()},
        candidates=_candidates(search.hits[:top_k], stages),
        trace=trace_document(document, query, search, stages) if document else None,
    )


def _tell_readings(query: Query, hits: Sequence[Hit]) -> dict[str, str]:
    """The words of a question that no chunk holds with what they were read as, as hits write it."""
    lexical = query.release.lexical
    readings = lexical.readings(query.text)
    if not readings:
        return {}
    asked = {term: word for word in whole_words(query.text) for term in lexical.analyze(word)}
    words = (word for hit in reversed(hits) for word in reversed(whole_words(hit.chunk.text)))
    written = {terms[0]: word for word in words if len(terms := lexical.analyze(word)) == 1}
    return {
        asked.get(term, term): " ".join(written.get(each, each) for each in read)
        for term, read in readings.items()
    }


def _stages(search: SearchResult) -> dict[str, Ranking]:
    """The ranking of every stage in their order; of other wordings the one that they end with."""
    question, *others = search.wordings
    stages = {
        **question.rankings,
        "fused": by_score(question.fused),
        "neighbours": question.ranked,
        **{f"wording {number}": each.ranked for number, each in enumerate(others, 2)},
    }
    if search.expanded:
        stages["expanded"] = search.expanded
    if search.reranked:
        stages["rerank"] = search.reranked
    if search.versioned:
        stages["versions"] = search.versioned
    stages["packed"] = [
        (hit.chunk.id, hit.score)
        for hit in search.hits[:HITS_TO_PACK]
        if any(holds(passage, hit.chunk) for passage in search.passages)
    ]
    return stages


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


def _candidates(hits: tuple[Hit, ...], stages: Mapping[str, Ranking]) -> tuple[Candidate, ...]:
    places = {
        name: {id_: Place(rank, score) for rank, (id_, score) in enumerate(ranking, 1)}
        for name, ranking in stages.items()
    }
    return tuple(
        Candidate(
            chunk=hit.chunk,
            document=hit.document,
            is_used=hit.chunk.id in places["packed"],
            places={
                name: found[hit.chunk.id] for name, found in places.items() if hit.chunk.id in found
            },
        )
        for hit in hits
    )
