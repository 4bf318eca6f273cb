"""The coefficients by which units of the passages are ranked as answers.

A unit that stands in the marked evidence of a question answers it; the others of the passages that
a search found do not. `docs/decisions/extractive-answers.md` names the data and the results.
"""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.metrics.ranking import touches
from evals.samples.locating import Sources, Target, find_target
from evals.samples.reading import read_set
from evals.training.confidence import Corpus, Source, is_fit
from evals.training.regression import fit
from rag.answering.extracting.candidates import Candidate, find_candidates
from rag.answering.extracting.intent import read_question
from rag.answering.extracting.scoring import (
    BOTH,
    COEFFICIENTS,
    MOST_EMBEDDED,
    WORDS,
    Question,
    add_meaning,
    read_signals,
    weigh_terms,
)
from rag.answering.extracting.senses import compare_meanings
from rag.domain import SearchResult
from rag.ports import Embedder
from rag.retrieval.confidence import Coefficient, Regression, Signals
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.scope import Scope

REGULARIZATION = 0.3  # scikit-learn's C; from .03 to 1 the same within .01
NEGATIVES = 10  # chosen: the units that do not answer weigh together as this many of 60


@dataclass(frozen=True, slots=True)
class Seen:
    """The units found for a question, what tells of them, and which of them answer it."""

    question: Question
    candidates: Sequence[Candidate]
    signals: Sequence[Signals]
    answers: Sequence[bool]
    embedder: Embedder


def observe(
    corpora: Mapping[str, Corpus], sources: Sequence[Source], kept_back: Set[str]
) -> list[Seen]:
    """Every answerable question of the sets whose evidence was found and may be learned from."""
    seen = []
    for source in sources:
        corpus = corpora[source.corpus]
        documents = corpus.release.documents
        find = Sources(documents.references(), documents.document)
        pipeline = SearchPipeline(lambda _, c=corpus: c.embedder, "hybrid", 10, 6000)  # type: ignore[misc]
        for sample in read_set(source.path).samples:
            if not (sample.is_answerable and is_fit(sample, kept_back)):
                continue
            targets = [find_target(evidence, find) for evidence in sample.evidence]
            search = pipeline.search([sample.question], corpus.release, Scope(), packs=True)
            each = _observe(sample.question, search, targets, corpus)
            if any(each.answers):
                seen.append(each)
    return seen


def _observe(text: str, search: SearchResult, targets: Sequence[Target], corpus: Corpus) -> Seen:
    lexical = corpus.release.lexical
    question = Question(read_question(text), (text,), weigh_terms(text, text, lexical), lexical)
    candidates = find_candidates(search.passages, corpus.release.documents)
    answers = [
        any(touches(target, each.source.document.version, each.span) for target in targets)
        for each in candidates
    ]
    signals = read_signals(question, candidates, search, corpus.embedder)
    return Seen(question, candidates, signals, answers, corpus.embedder)


def learn(seen: Sequence[Seen]) -> dict[str, Any]:
    """Both regressions; that with meaning is of the units that the one by words lets through."""
    words = _fit([(each.signals, each.answers) for each in seen])
    weigh = _regression(words).weigh
    kept = []
    for each in seen:
        order = sorted(range(len(each.signals)), key=lambda at: -weigh(each.signals[at]))
        order = order[:MOST_EMBEDDED]
        candidates = [each.candidates[at] for at in order]
        meanings = compare_meanings(each.question.texts, candidates, each.embedder)
        signals = add_meaning([each.signals[at] for at in order], meanings)
        kept.append((signals, [each.answers[at] for at in order]))
    return {WORDS: words, BOTH: _fit([each for each in kept if any(each[1])])}


def _fit(told: Sequence[tuple[Sequence[Signals], Sequence[bool]]]) -> dict[str, Any]:
    """One regression, in which every question weighs the same."""
    return fit(
        [each for signals, _ in told for each in signals],
        list(told[0][0][0]),
        [answer for _, answers in told for answer in answers],
        [
            1 / sum(answers) if answer else 1 / NEGATIVES
            for _, answers in told
            for answer in answers
        ],
        regularization=REGULARIZATION,
    )


def _regression(raw: dict[str, Any]) -> Regression:
    signals = {name: Coefficient(**each) for name, each in raw["signals"].items()}
    return Regression(raw["intercept"], signals)


def write(learned: Mapping[str, Any], questions: int, path: Path = COEFFICIENTS) -> str:
    """Write what was learned, and say so."""
    content = {"questions": questions, "regressions": learned}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return f"regressions of {questions} questions: {path}"
