"""Evidence-span benchmark: how much of the marked evidence a retriever finds within a budget.

Reads a folder of `*.md` texts and `questions_df.csv` (question, references as character spans,
corpus), the format of the MIT-licensed chunking-evaluation set of the Chroma report.
"""

import csv
import hashlib
import json
import statistics
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evals.metrics.ranking import evidence_recall
from evals.metrics.table import BUDGETS
from evals.samples.locating import Location, Target
from rag.domain import Span
from rag.plumbline import Plumbline

CORPUS = "spans"
POOL = 60


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """A question, the text it was asked of, and the spans that answer it."""

    text: str
    source: str
    evidence: tuple[Target, ...]


def read_questions(folder: Path) -> list[MarkedQuestion]:
    """All questions of `folder/questions_df.csv`."""
    versions = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.md")
    }
    with (folder / "questions_df.csv").open(newline="", encoding="utf-8") as file:
        return [
            MarkedQuestion(
                row["question"],
                row["corpus_id"],
                tuple(
                    _target(versions[row["corpus_id"]], each["start_index"], each["end_index"])
                    for each in json.loads(row["references"])
                ),
            )
            for row in csv.DictReader(file)
        ]


def _target(version: str, start: int, end: int) -> Target:
    return Target((Location(version, Span(start, end)),), end - start)


def measure(plumbline: Plumbline, questions: list[MarkedQuestion]) -> dict[str, float]:
    """Mean evidence recall of the 5 best and at each budget, and the median time of a question."""
    found: dict[str, list[float]] = {}
    seconds = []
    for question in questions:
        started = time.perf_counter()
        hits = plumbline.search(question.text, corpus=CORPUS, top_k=POOL).hits
        seconds.append(time.perf_counter() - started)
        recall = partial(evidence_recall, question.evidence)
        values = {"recall@5": recall(hits[:5], sys.maxsize)}
        values |= {f"recall@{budget}c": recall(hits, budget) for budget in BUDGETS}
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    means = {name: statistics.fmean(values) for name, values in found.items()}
    return means | {"p50_ms": statistics.median(seconds) * 1000}
