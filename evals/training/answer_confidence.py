"""The weights of the confidence in extractive answers: boosted trees over signals of their units.

An answer that cites the evidence of its question should be given, one to a question without an
answer should not. `docs/models/confidence.md` names the data and the results.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.metrics.ranking import touches
from evals.samples.locating import Sources, find_target
from evals.samples.reading import read_set
from evals.samples.sample import Sample
from evals.training.confidence import Corpus, Source
from evals.training.regression import round_off
from evals.training.trees import Shape, grow_trees
from rag.answering.checking.judging import Reach
from rag.answering.extracting.answer_confidence import COEFFICIENTS, read_answer
from rag.answering.extracting.beside import in_force
from rag.answering.extracting.candidates import find_candidates
from rag.answering.extracting.extractive import answer_extractively, rank_halves
from rag.answering.extracting.intent import read_question
from rag.answering.followups import Standalone
from rag.answering.turn import Turn
from rag.checkers import load_local_checker
from rag.domain import Message
from rag.retrieval.confidence import Signals
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.scope import Scope
from rag.support.verdicts import SentenceJudge, Split

FOLDS = 10  # chosen
TOLD = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)  # chosen: thresholds beside the one that holds
SHAPE = Shape(trees=80, rate=0.06, leaves=6, least_in_leaf=12, penalty=3.0, share=0.5)
"""Chosen, with so few questions; 100 trees: the same within .01."""
WRONG = 0.25  # chosen: what a wrong answer to a question that has one counts in the scaling
SIGNS = {
    **dict.fromkeys(("search", "reached", "lowest", "reached alone"), 1),
    **dict.fromkeys(("own", "context", "around", "fits"), 1),
    **dict.fromkeys(("most lost", "most lost alone", "lost", "unmet"), -1),
}
"""Signals with which the confidence can only grow, or only fall."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells of an answer, whether it is right, and whether its question has one."""

    signals: Signals
    is_right: bool
    is_answerable: bool
    document: str
    set: str
    kind: str


def observe(
    corpora: Mapping[str, Corpus], sources: Sequence[Source], kept_back: Set[str]
) -> list[Seen]:
    """Every question of the sets that is asked alone, may be learned from, and finds something."""
    reach = load_local_checker().reach
    seen = []
    for source in sources:
        corpus = corpora[source.corpus]
        documents = corpus.release.documents
        find = Sources(documents.references(), documents.document)
        for sample in read_set(source.path).samples:
            named = {each.source for each in sample.evidence}
            if len(sample.conversation) == 1 and kept_back.isdisjoint(named):
                turn = _search(sample.question, corpus)
                seen += _observe(sample, turn, corpus, find, reach, source.path.stem)
    return seen


def _search(question: str, corpus: Corpus) -> Turn:
    """The turn of a question that is answered whatever its confidence is."""
    pipeline = SearchPipeline(lambda _: corpus.embedder, "hybrid", 10, 6000, min_confidence=0.0)
    found = pipeline.search([question], corpus.release, Scope(), packs=True)
    asked = Standalone(question, question, "user")
    return Turn([Message("user", question)], asked, "", corpus.release, Scope(), found, 0)


def _observe(
    sample: Sample, turn: Turn, corpus: Corpus, find: Sources, reach: Reach, name: str
) -> list[Seen]:
    found = find_candidates(turn.search.passages, corpus.release.documents)
    if not found:
        return []
    embedder = corpus.embedder.for_sentences(turn.search.query)
    asked = read_question(sample.question)
    question, ranked = rank_halves(turn, asked, in_force(found, turn.search), embedder)[0]
    best = ranked[0]
    targets = [find_target(evidence, find) for evidence in sample.evidence]
    is_right = any(
        touches(target, each.document.version, each.span)
        for each in answer_extractively(turn, corpus.embedder).citations
        for target in targets
    )
    signals = read_answer(question, best, turn.search, reach)
    about = sample.evidence[0].source if sample.evidence else best.candidate.source.document.source
    return [Seen(signals, is_right, sample.is_answerable, about, name, sample.kind)]


def learn(seen: Sequence[Seen]) -> tuple[dict[str, Any], str]:
    """Trees as `answer_confidence.json` has them, and how well others of them judged.

    Scores are scaled to what they meant for questions about documents that were not learned from.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]

    scores = np.zeros(len(seen))
    groups = [each.document for each in seen]
    for known, asked in GroupKFold(FOLDS, shuffle=True, random_state=0).split(scores, None, groups):
        learned = _grow([seen[at] for at in known])
        judge = SentenceJudge(learned["start"], tuple(map(Split.parse, learned["trees"])))
        scores[asked] = [judge.judge(seen[at].signals) for at in asked]
    logits = np.log(scores / (1 - scores))
    sizes = Counter(each.set for each in seen)
    weights = [(WRONG if _is_wrong(each) else 1.0) / sizes[each.set] for each in seen]
    scaling = LogisticRegression(C=1e6).fit(
        logits[:, None], [each.is_right for each in seen], sample_weight=np.array(weights) * 1e3
    )
    factor, offset = float(scaling.coef_[0, 0]), float(scaling.intercept_[0])
    learned = _grow(seen)
    trees = [_scale(tree, factor) for tree in learned["trees"]]
    start = round_off(offset + factor * learned["start"])
    told = _tell(seen, 1 / (1 + np.exp(-(offset + factor * logits))))
    return {"start": start, "trees": trees}, told


def _is_wrong(seen: Seen) -> bool:
    return seen.is_answerable and not seen.is_right


def _grow(seen: Sequence[Seen]) -> dict[str, Any]:
    """Trees that tell right answers from those to questions without one.

    A kind of questions of a set weighs by the square root of its number.
    """
    sizes = Counter((each.set, each.kind) for each in seen)
    taught = [each for each in seen if not _is_wrong(each)]
    return grow_trees(
        [each.signals for each in taught],
        [each.is_right for each in taught],
        [10 / np.sqrt(sizes[each.set, each.kind]) for each in taught],
        signs=SIGNS,
        shape=SHAPE,
    )


def _scale(tree: Any, factor: float) -> Any:
    if isinstance(tree, list):
        signal, threshold, low, high = tree
        return [signal, threshold, _scale(low, factor), _scale(high, factor)]
    return round_off(tree * factor)


def _tell(seen: Sequence[Seen], scores: npt.NDArray[np.float64]) -> str:
    """How each set's questions are judged, each by what was learned of other documents."""
    judged = list(zip(seen, map(float, scores), strict=True))
    names = dict.fromkeys(each.set for each in seen)
    return "\n".join(
        line
        for name in names
        for line in _tell_set(name, [pair for pair in judged if pair[0].set == name])
    )


def _tell_set(name: str, judged: Sequence[tuple[Seen, float]]) -> Iterator[str]:
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    answerable = [score for each, score in judged if each.is_answerable]
    others = {
        kind: [score for each, score in judged if each.kind == kind]
        for kind in ("close-miss", "off-topic")
    }
    others = {kind: scores for kind, scores in others.items() if scores}
    for kind, scores in others.items():
        labels = [True] * len(answerable) + [False] * len(scores)
        area = roc_auc_score(labels, [*answerable, *scores])
        yield f"{name}: AUROC answerable against {kind} {area:.3f}"
    for least in TOLD:
        shares = {
            "right": [
                each.is_right if score >= least else not each.is_answerable
                for each, score in judged
            ],
            "wrong": [score >= least and not each.is_right for each, score in judged],
            "needlessly refused": [score < least and each.is_answerable for each, score in judged],
            **{f"{kind} refused": [s < least for s in scores] for kind, scores in others.items()},
        }
        told = (f"{what} {np.mean(flags):.3f}" for what, flags in shares.items())
        yield f"  at {least}: {', '.join(told)}"


def write(learned: Mapping[str, Any], path: Path = COEFFICIENTS) -> str:
    """Write what was learned, and say so."""
    path.write_text(json.dumps(learned) + "\n", encoding="utf-8")
    return f"{len(learned['trees'])} trees: {path}"
