"""How likely the hits hold an answer, judged by the one chunk that speaks for it best.

A chunk is close in meaning to a question, or shares its words, or both; only both in the same place
are evidence. So the cosine and the share of the question's words are added chunk by chunk, words
counted by their rarity: those in the chunk with its neighbours, and those in its best sentence.
"""

from collections.abc import Iterable, Mapping, Sequence

from rag.domain import Chunk, Hit, Ranking
from rag.ports import DocumentStore, LexicalIndex
from rag.releases.folder import OpenRelease
from rag.text.sentences import split_sentences

HITS_FOR_CONFIDENCE = 3  # measured with the shares below, see docs/decisions/confidence.md
SHARE_OF_COSINE, SHARE_OF_CONTEXT, SHARE_OF_SENTENCE = 1 / 2, 1 / 3, 1 / 6


def term_coverage(weights: Mapping[str, float], terms: Iterable[str]) -> float:
    """Share of a question's terms found among `terms`, each counted by its rarity, in [0, 1]."""
    total = sum(weights.values())
    found = set(terms)
    return sum(w for term, w in weights.items() if term in found) / total if total else 0.0


def share_known(question: str, ids: Sequence[str], release: OpenRelease) -> float:
    """The largest share of a question's terms that one of these chunks has, by rarity."""
    weights, lexical = release.lexical.term_weights(question), release.lexical
    found = release.documents.chunks(ids)
    terms = (lexical.analyze(chunk.embedded_text) for chunk, _ in found.values())
    return max((term_coverage(weights, each) for each in terms), default=0.0)


def estimate_confidence(
    question: str, hits: Sequence[Hit], rankings: Mapping[str, Ranking], release: OpenRelease
) -> float:
    """Confidence in [0, 1] that the best of the hits hold an answer."""
    best = hits[:HITS_FOR_CONFIDENCE]
    beside = _neighbours(best, release.documents)
    weights = release.lexical.term_weights(question)
    cosines = dict(rankings["dense"]) if "dense" in rankings else None
    return max(
        (
            _weigh(
                None
                if cosines is None
                else cosines.get(hit.chunk.id, min(cosines.values(), default=0.0)),
                _coverages(hit.chunk, beside.get(hit.chunk.id, ()), weights, release.lexical),
            )
            for hit in best
        ),
        default=0.0,
    )


def _neighbours(hits: Sequence[Hit], documents: DocumentStore) -> dict[str, list[Chunk]]:
    ids = documents.neighbours([hit.chunk.id for hit in hits])
    found = documents.chunks([other for others in ids.values() for other in others])
    return {
        id_: [found[other][0] for other in others if other in found] for id_, others in ids.items()
    }


def _coverages(
    chunk: Chunk, beside: Sequence[Chunk], weights: Mapping[str, float], lexical: LexicalIndex
) -> tuple[float, float]:
    """Coverage by the chunk with its neighbours, and by the best of its sentences."""
    own = lexical.analyze(chunk.embedded_text)
    others = [term for other in beside for term in lexical.analyze(other.embedded_text)]
    sentences = (
        lexical.analyze(chunk.text[span.start : span.end]) for span in split_sentences(chunk.text)
    )
    best = max((term_coverage(weights, terms) for terms in sentences), default=0.0)
    return term_coverage(weights, [*own, *others]), best


def _weigh(cosine: float | None, coverages: tuple[float, float]) -> float:
    context, sentence = coverages
    if cosine is None:
        return (2 * context + sentence) / 3
    closeness = min(1.0, max(0.0, cosine))
    return SHARE_OF_COSINE * closeness + SHARE_OF_CONTEXT * context + SHARE_OF_SENTENCE * sentence
