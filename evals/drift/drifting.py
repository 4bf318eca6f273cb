"""Two windows held against each other: detectors, examples, topics, sources."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from evals.drift.detectors import LEAST, alone, detect, find_examples
from evals.drift.findings import DriftReport
from evals.drift.sources import asked_release, compare_releases, find_old_sources
from evals.drift.topics import find_topics
from evals.drift.windows import Window
from evals.statistics.discrepancy import squared_distances
from evals.statistics.paired import Numbers
from rag.domain import DocumentRef
from rag.journal.exchange import Exchange
from rag.ports import Embedder


def compare_windows(
    corpus: str,
    reference: Window,
    current: Window,
    embedder: Embedder,
    documents: Mapping[int, Sequence[DocumentRef]],
) -> DriftReport:
    """What changed from one window to the other; `documents` are those of each kept release."""
    before, after = alone(reference.exchanges), alone(current.exchanges)
    squared = _measure(before, after, embedder)
    findings = detect(reference.exchanges, current.exchanges, squared)
    first, last = (asked_release(each.exchanges) for each in (reference, current))
    newest = documents[max(documents)] if documents else ()
    has_examples = min(len(before), len(after)) >= LEAST
    return DriftReport(
        corpus,
        reference.period,
        current.period,
        reference.of,
        current.of,
        findings,
        examples=find_examples(current.exchanges, squared) if has_examples else (),
        topics=find_topics(before, after, squared),
        old_sources=find_old_sources(
            current.exchanges, newest, date.fromisoformat(current.period.end[: len("2025-01-01")])
        ),
        corpus_change=compare_releases(first, last, documents)
        if first is not None and last is not None and first != last
        else None,
    )


def _measure(before: Sequence[Exchange], after: Sequence[Exchange], embedder: Embedder) -> Numbers:
    """Distances between all questions, each embedded once however often it was asked."""
    asked = [exchange.question for exchange in (*before, *after)]
    places = {question: place for place, question in enumerate(dict.fromkeys(asked))}
    if not places:
        return np.zeros((0, 0))
    vectors = embedder.embed_queries(list(places)).astype(np.float64)
    return squared_distances(vectors[[places[question] for question in asked]])
