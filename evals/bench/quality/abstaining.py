"""How well confidence tells questions that the documents answer from those that they do not.

Of foreign topics: each text of the evidence-span set is left out in turn and its questions asked
of the others. Of close misses: those of the example set, and its questions asked of something else.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from evals.bench import ROOT, Rows
from evals.bench.quality.spans import MarkedQuestion, read_questions
from evals.bench.watching import watch_add
from evals.samples.reading import read_set
from evals.samples.sample import KINDS, Sample
from rag.domain import Answer
from rag.errors import InvalidRegressionSet
from rag.learning.calibration import read_calibration
from rag.plumbline import Plumbline
from rag.releases.folder import release_folder
from rag.releases.manifest import Manifest

CORPUS = "handbook"
ASKED, SWAPPED = "handbook.jsonl", "handbook-swapped.jsonl"


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """Probability that an answerable question has the higher confidence, ties counted half."""
    labels = [1] * len(answerable) + [0] * len(unanswerable)
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]  # ships no types

    return float(roc_auc_score(labels, [*answerable, *unanswerable]))


def ingest_handbook(data: Path) -> None:
    """The example corpus, in `data`."""
    _ingest([ROOT / "examples" / CORPUS], data, corpus=CORPUS)


def leave_one_out(folder: Path, data: Path) -> None:
    """Ingest, for each text that is asked about, a corpus of all the others.

    Raises InvalidRegressionSet when fewer than two texts are asked about.
    """
    names = _asked_about(read_questions(folder))
    if len(names) < 2:
        raise InvalidRegressionSet(f"{folder} needs questions about two texts, one to leave out")
    for name in names:
        others = [path for path in sorted(folder.glob("*.md")) if path.stem != name]
        _ingest(others, data, corpus=_without(name))


def _ingest(sources: list[Path], data: Path, *, corpus: str) -> None:
    counts = watch_add(sources, data, corpus=corpus).summary["counts"]
    if set(counts) != {"indexed"}:
        raise ValueError(f"not all that {corpus} is made of was indexed: {counts}")


def measure_left_out(plumbline: Plumbline, folder: Path, data: Path) -> Rows:
    """Answers to the questions of each text left out, and to those of the others.

    `plumbline` serves what `leave_one_out` has made in `data`.
    """
    questions = read_questions(folder)
    rows: Rows = []
    own: list[float] = []
    foreign: list[float] = []
    for name in _asked_about(questions):
        corpus = _without(name)
        threshold = _learned(data, corpus)
        others, left_out = (
            [plumbline.search(q.text, corpus=corpus, top_k=1).confidence for q in asked]
            for asked in _split(questions, name)
        )
        own += others
        foreign += left_out
        value = (
            f"{_share(left_out, threshold)} falsely answered, "
            f"{_share(others, threshold)} answered, "
            f"AUROC {auroc(others, left_out):.4f}, threshold {threshold:.4f}"
        )
        rows.append((f"abstaining: without {name}", value))
    return [*rows, ("abstaining: all left out in turn, AUROC", f"{auroc(own, foreign):.4f}")]


def measure_close_misses(plumbline: Plumbline, sets: Path, data: Path) -> Rows:
    """Of each kind of question about the example corpus, what is answered and the AUROC.

    Confidence is held against what the release has learned, whatever the settings say.
    """
    threshold = _learned(data, CORPUS)
    asked, swapped = (read_set(sets / name).samples for name in (ASKED, SWAPPED))
    groups = {str(kind): [sample for sample in asked if sample.kind == kind] for kind in KINDS}
    groups["swapped"] = list(swapped)
    found = asyncio.run(_answer_all(plumbline, groups))
    confidences = {kind: [answer.confidence for answer in found[kind]] for kind in found}
    rows: Rows = [("abstaining: handbook, threshold", f"{threshold:.4f}")]
    for kind, answers in found.items():
        answered = sum(answer.status != "abstained" for answer in answers)
        value = f"{_share(confidences[kind], threshold)} above the threshold, {answered} answered"
        if kind != KINDS[0]:
            value += f", AUROC {auroc(confidences[KINDS[0]], confidences[kind]):.4f}"
        rows.append((f"abstaining: handbook, {kind}", value))
    return rows


async def _answer_all(
    plumbline: Plumbline, groups: dict[str, list[Sample]]
) -> dict[str, list[Answer]]:
    return {
        kind: [await _answer(plumbline, sample) for sample in samples]
        for kind, samples in groups.items()
    }


async def _answer(plumbline: Plumbline, sample: Sample) -> Answer:
    stream = plumbline.answer(sample.conversation, corpus=CORPUS)
    [answer] = [item async for item in stream if isinstance(item, Answer)]
    return answer


def _share(confidences: Sequence[float], threshold: float) -> str:
    count = sum(confidence >= threshold for confidence in confidences)
    return f"{count} of {len(confidences)} ({count / len(confidences):.1%})"


def _split(
    questions: Sequence[MarkedQuestion], name: str
) -> tuple[list[MarkedQuestion], list[MarkedQuestion]]:
    """The questions about other texts than `name`, and those about it."""
    others = [question for question in questions if question.source != name]
    return others, [question for question in questions if question.source == name]


def _learned(data: Path, corpus: str) -> float:
    folder = release_folder(data, corpus)
    manifest = Manifest.from_json((folder / "manifest.json").read_text())
    return read_calibration(folder, manifest.embedder).threshold


def _asked_about(questions: Sequence[MarkedQuestion]) -> list[str]:
    return sorted({question.source for question in questions})


def _without(name: str) -> str:
    return f"without-{name.lower().replace('_', '-')}"
