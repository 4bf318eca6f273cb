"""What is kept of a question that the service was asked: the user's words, never a document's."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from rag.domain import Answer

KEPT_HITS = 10  # as many as a search returns by default


@dataclass(frozen=True, slots=True)
class KeptHit:
    """A hit by its ids, without its text."""

    document: str
    chunk: str
    score: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what became of it; `asked` is ISO time in UTC, `id` the answer's.

    A follow-up is kept as it was asked: what it was made into may hold words of an answer, and so
    of a document. `cited` are documents, `verdicts` count sentences, `rating` is 1 or -1. What a
    log does not say is None or empty.
    """

    asked: str
    question: str
    id: str = ""
    request_id: str = ""
    corpus: str = ""
    release: int | None = None
    is_follow_up: bool = False
    status: str = ""
    confidence: float | None = None
    hits: tuple[KeptHit, ...] | None = None
    cited: tuple[str, ...] = ()
    verdicts: Mapping[str, int] = field(default_factory=dict)
    characters: int | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    fingerprint: Mapping[str, str | int | float] = field(default_factory=dict)
    rating: int | None = None
    arm: str = ""


def exchange_of(answer: Answer, question: str, request_id: str) -> Exchange:
    """What is kept of an answer that was given just now."""
    return Exchange(
        asked=datetime.now(UTC).isoformat(timespec="milliseconds"),
        question=question,
        id=answer.id,
        request_id=request_id,
        corpus=answer.corpus,
        release=answer.release,
        is_follow_up=answer.standalone_by != "user",
        status=answer.status,
        confidence=answer.confidence,
        hits=tuple(
            KeptHit(hit.document.id, hit.chunk.id, float(hit.score))
            for hit in answer.search.hits[:KEPT_HITS]
        ),
        cited=tuple(dict.fromkeys(citation.document.id for citation in answer.citations)),
        verdicts=dict(Counter(sentence.verdict for sentence in answer.sentences)),
        characters=len(answer.text),
        timings_ms=answer.timings_ms,
        fingerprint=asdict(answer.fingerprint),
    )
