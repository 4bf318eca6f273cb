"""Evidence-span benchmark: how much of the marked evidence a retriever finds within a budget.

Reads a folder of `*.md` texts and `questions_df.csv` (question, references as character spans,
corpus), the format of the MIT-licensed chunking-evaluation set of the Chroma report.
"""

import csv
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.domain import Span
from rag.plumbline import Plumbline

CORPUS = "spans"
POOL = 60
BUDGETS = (2000, 4000, 8000)

Ranked = Sequence[tuple[str, Span]]
"""Passages as (name of the text, span), best first."""


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """A question, the text it was asked of, and the spans that answer it."""

    text: str
    source: str
    evidence: tuple[Span, ...]


class SpansAdapter:
    """Our retriever in the shape that span scorers expect: `index(texts)`, `retrieve(q, k)`."""

    def __init__(self, plumbline: Plumbline, *, corpus: str = CORPUS) -> None:
        self._plumbline = plumbline
        self._corpus = corpus

    def index(self, texts: dict[str, str]) -> int:
        """The texts are ingested beforehand; returns the number of chunks."""
        [manifest] = [m for m in self._plumbline.corpora() if m.corpus == self._corpus]
        if manifest.documents != len(texts):
            raise ValueError(f"{manifest.documents} documents ingested, {len(texts)} expected")
        return manifest.chunks

    def retrieve(self, question: str, limit: int) -> list[tuple[str, int, int]]:
        """Ranked `(name of the text, start, end)`."""
        hits = self._plumbline.search(question, corpus=self._corpus, top_k=limit).hits
        return [
            (Path(hit.document.source).stem, hit.chunk.span.start, hit.chunk.span.end)
            for hit in hits
        ]


def read_questions(folder: Path) -> list[MarkedQuestion]:
    """All questions of `folder/questions_df.csv`."""
    with (folder / "questions_df.csv").open(newline="", encoding="utf-8") as file:
        return [
            MarkedQuestion(
                row["question"],
                row["corpus_id"],
                tuple(
                    Span(each["start_index"], each["end_index"])
                    for each in json.loads(row["references"])
                ),
            )
            for row in csv.DictReader(file)
        ]


def measure(
    retrieve: Callable[[str, int], list[tuple[str, int, int]]], questions: list[MarkedQuestion]
) -> dict[str, float]:
    """Mean evidence recall of the 5 best and at each budget, and the median time of a question."""
    names = ["recall@5", *(f"recall@{budget}c" for budget in BUDGETS)]
    found: dict[str, list[float]] = {name: [] for name in names}
    seconds = []
    for question in questions:
        started = time.perf_counter()
        rows = retrieve(question.text, POOL)
        seconds.append(time.perf_counter() - started)
        ranked = [(name, Span(start, end)) for name, start, end in rows]
        found["recall@5"].append(evidence_recall(ranked[:5], question))
        for budget in BUDGETS:
            found[f"recall@{budget}c"].append(evidence_recall(cut(ranked, budget), question))
    means = {name: statistics.fmean(values) for name, values in found.items()}
    return means | {"p50_ms": statistics.median(seconds) * 1000}


def cut(ranked: Ranked, budget: int) -> list[tuple[str, Span]]:
    """The first passages that together have `budget` characters, the last one cut short."""
    kept: list[tuple[str, Span]] = []
    for name, span in ranked:
        size = min(span.end - span.start, budget)
        if size <= 0:
            break
        kept.append((name, Span(span.start, span.start + size)))
        budget -= size
    return kept


def evidence_recall(ranked: Ranked, question: MarkedQuestion) -> float:
    """Share of the evidence's characters that the passages hold."""
    evidence = _characters(question.evidence)
    held = _characters([span for name, span in ranked if name == question.source])
    return len(evidence & held) / len(evidence)


def _characters(spans: Sequence[Span]) -> set[int]:
    return {at for span in spans for at in range(span.start, span.end)}
