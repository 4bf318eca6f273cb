"""What became of one document in a search: the first stage that lost it, and what would have not.

Its chunks are followed through all stages; where they were no candidates, the searches are asked
again, deeper, for how far they were from being some.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import Chunk, Document, Ranking, SearchResult
from rag.releases.filters import Condition, labels_of
from rag.retrieval.packing import HITS_TO_PACK
from rag.retrieval.pipeline import CANDIDATES
from rag.retrieval.query import Query
from rag.retrieval.retrievers import RETRIEVERS
from rag.text.normalization import INVISIBLE

DEEP = 2000  # chosen: a document further down is out of sight for any setting
WORD = re.compile(r"\w[\w\u0300-\u036f]*(?:[-'’./@&\u2011]\w[\w\u0300-\u036f]*)*")
PARTED = re.compile(r"\S+[-\u2010]\s*\n\s*\S+")
MOST_WORDS = 5  # chosen: fits one line


@dataclass(frozen=True, slots=True)
class Trace:
    """A document's way: its best chunk, `ranks` by stage (None: further than was looked).

    `lost_at` is the first stage that lost it (`filters`, `candidates`, `ranking`, `packing`,
    `confidence`), empty where it was used. `reason` says why, `remedy` what would have kept it.
    """

    document_id: str
    source: str
    chunk_id: str | None
    ranks: Mapping[str, int | None]
    lost_at: str
    reason: str
    remedy: str


def trace_document(
    document: Document, query: Query, search: SearchResult, stages: Mapping[str, Ranking]
) -> Trace:
    """What became of `document`, whose reader may read it, in a search that had these stages."""
    if query.subset is not None and document.id not in query.subset.documents:
        reason, remedy = _explain_filters(document, query.conditions)
        return Trace(document.id, document.source, None, {}, "filters", reason, remedy)
    chunks = _chunks(document, query)
    ranks = {name: _rank(ranking, chunks) for name, ranking in stages.items()}
    best = _best(stages, chunks)
    if best is None:
        deep = RETRIEVERS[search.mode].find(query, DEEP)
        ranks |= {name: _rank(ranking, chunks) for name, ranking in deep.items()}
        best = _best(deep, chunks) or next(iter(chunks))
        reason, remedy = _explain_distance(chunks[best], query, deep, ranks)
        return Trace(document.id, document.source, best, ranks, "candidates", reason, remedy)
    lost_at, reason, remedy = _judge(ranks, search)
    if lost_at in ("ranking", "confidence"):
        remedy = f"{_name_words(chunks[best], query)}, or {remedy}"
    return Trace(document.id, document.source, best, ranks, lost_at, reason, remedy)


def _judge(ranks: Mapping[str, int | None], search: SearchResult) -> tuple[str, str, str]:
    last = (ranks.get(stage) for stage in ("versions", "rerank", "expanded"))
    final = next(filter(None, last), ranks["neighbours"])
    if ranks["packed"] is None and final is not None and final > HITS_TO_PACK:
        return (
            "ranking",
            f"its best chunk came in place {final}, and the {HITS_TO_PACK} best are packed",
            "narrow the search by a filter",
        )
    if ranks["packed"] is None:
        used = sum(len(passage.text) for passage in search.passages)
        return (
            "packing",
            f"its best chunk came in place {final}, after {used} characters had been packed",
            "raise RAG_CONTEXT_CHARACTERS",
        )
    if not search.is_answered:
        return (
            "confidence",
            "it was packed, but no hit was convincing enough to be answered from",
            "lower RAG_MIN_CONFIDENCE",
        )
    return "", "it was used", ""


def _chunks(document: Document, query: Query) -> dict[str, Chunk]:
    store = query.release.documents
    found = store.chunks(store.chunk_ids(document.id))
    return {id_: chunk for id_, (chunk, _) in found.items()}


def _rank(ranking: Ranking, chunks: Mapping[str, Chunk]) -> int | None:
    return next((rank for rank, (id_, _) in enumerate(ranking, 1) if id_ in chunks), None)


def _best(stages: Mapping[str, Ranking], chunks: Mapping[str, Chunk]) -> str | None:
    """The chunk that came furthest: the first one of the last stage that has any."""
    for ranking in reversed(list(stages.values())):
        for id_, _ in ranking:
            if id_ in chunks:
                return id_
    return None


def _explain_filters(document: Document, conditions: Sequence[Condition]) -> tuple[str, str]:
    labels = labels_of(document)
    failed = [condition for condition in conditions if not condition.holds(labels)]
    said = "; ".join(
        f"{each.field} is {', '.join(map(str, labels.get(each.field, ()))) or 'not known'}"
        for each in failed
    )
    names = ", ".join(dict.fromkeys(each.field for each in failed))
    return f"the filters leave it out: its {said}", f"leave out the filter on {names}"


def _explain_distance(
    chunk: Chunk, query: Query, deep: Mapping[str, Ranking], ranks: Mapping[str, int | None]
) -> tuple[str, str]:
    lexical = query.release.lexical
    own = set(lexical.analyze(chunk.embedded_text))
    shared = [word for word in whole_words(query.text) if own & lexical.term_weights(word).keys()]
    places = "; ".join(
        f"{name} " + (f"place {ranks[name]}" if ranks[name] else f"beyond place {DEEP} or nowhere")
        for name in deep
    )
    words = f"it shares the words {', '.join(shared)}" if shared else "it shares no word"
    return (
        f"no chunk of it is among the {CANDIDATES} best of a search ({places}); {words} with the "
        "question",
        _name_words(chunk, query),
    )


def _name_words(chunk: Chunk, query: Query) -> str:
    """Advice to ask with the rarest words of a chunk that the question lacks."""
    lexical = query.release.lexical
    asked = lexical.term_weights(query.text).keys()
    weights = {
        word: max(lexical.term_weights(word).values(), default=0.0)
        for word in whole_words(chunk.text)
        if not asked & set(lexical.analyze(word))
    }
    rarest = sorted(filter(weights.get, weights), key=lambda word: -weights[word])[:MOST_WORDS]
    return (
        f"name what stands in it, such as {', '.join(rarest)}" if rarest else "ask in other words"
    )


def whole_words(text: str) -> list[str]:
    """Each word of `text` once, as it is written.

    What a mark joins is one word, and what a line's end parts is none.
    """
    joined = unicodedata.normalize("NFC", text.translate(INVISIBLE))
    words = WORD.findall(PARTED.sub(" ", joined))
    return list({word.casefold(): word for word in words if not word.isdecimal()}.values())
