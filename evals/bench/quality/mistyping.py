"""What typing errors cost: questions with made ones, the same each time, read as they stand or not.

One content word or two are mistyped, or two written as one. Documents are parted in halves: what is
chosen is chosen on one, and checked on the other.
"""

import hashlib
import random
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from evals.bench import Rows
from evals.bench.quality.spans import POOL, MarkedQuestion
from evals.metrics.ranking import evidence_hit_at, evidence_recall
from evals.samples.locating import Sources, find_target
from evals.samples.reading import read_set
from rag.adapters.indexes.unknown_words import QuestionReader
from rag.plumbline import Plumbline

SEED = 17  # any: the same errors each time
BUDGET = 4000  # chosen: the middle one of the metrics' budgets
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = {key: row[max(0, at - 1) : at + 2] for row in KEYS for at, key in enumerate(row)}
NO_CONTENT = (
    "about|been|could|does|each|every|from|have|into|long|many|more|most|much|must|other|should|"
    "some|than|that|their|them|then|there|they|this|were|what|when|where|which|will|with|would|"
    "whom|whose|your"
)
CONTENT_WORD = re.compile(rf"\b(?!(?:{NO_CONTENT})\b)[^\W\d_]{{4,}}", re.IGNORECASE)


def _swap(word: str, at: int, _: random.Random) -> str:
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def _drop(word: str, at: int, _: random.Random) -> str:
    return word[:at] + word[at + 1 :]


def _double(word: str, at: int, _: random.Random) -> str:
    return word[:at] + word[at] + word[at:]


def _slip(word: str, at: int, chance: random.Random) -> str:
    return word[:at] + chance.choice(BESIDE.get(word[at].lower(), word[at])) + word[at + 1 :]


ERRORS = (_swap, _drop, _double, _slip)


def mistype(text: str, words: int) -> str:
    """`text` with an error in so many of its content words; a first letter is swapped at most."""
    chance = random.Random(f"{SEED} {words} {text}")
    found = list(CONTENT_WORD.finditer(text))
    for match in sorted(chance.sample(found, min(words, len(found))), key=lambda m: -m.start()):
        wrong = match.group()
        while wrong == match.group():  # of a swap of two equal letters
            wrong = chance.choice(ERRORS)(wrong, chance.randrange(1, len(wrong)), chance)
        text = text[: match.start()] + wrong + text[match.end() :]
    return text


def run_together(text: str) -> str:
    """`text` without the space between two of its content words, where two stand together."""
    spaces = [
        before.end()
        for before, after in pairwise(CONTENT_WORD.finditer(text))
        if text[before.end() : after.start()] == " "
    ]
    at = random.Random(f"{SEED} {text}").choice(spaces or [len(text)])
    return text[:at] + text[at + 1 :]


KINDS: Mapping[str, Callable[[str], str]] = {
    "as they are": str,
    "one word mistyped": lambda text: mistype(text, 1),
    "two words mistyped": lambda text: mistype(text, 2),
    "two words in one": run_together,
}


def read_answerable(plumbline: Plumbline, corpus: str, path: Path) -> list[MarkedQuestion]:
    """The questions of a regression set that the live release answers."""
    sources = Sources(
        plumbline.documents(corpus), lambda id_: plumbline.document(id_, corpus=corpus)
    )
    return [
        MarkedQuestion(
            sample.question,
            sample.evidence[0].source,
            tuple(find_target(evidence, sources) for evidence in sample.evidence),
        )
        for sample in read_set(path).samples
        if sample.is_answerable
    ]


def measure_mistyping(
    open_plumbline: Callable[[], Plumbline], corpus: str, questions: Sequence[MarkedQuestion]
) -> Rows:
    """Of each half and kind: evidence found without and with the reading of unknown words."""
    with patch.object(QuestionReader, "read", lambda *_: {}):
        before = _measure(open_plumbline(), corpus, questions)
    after = _measure(open_plumbline(), corpus, questions)
    return [
        (f"mistyping: {corpus}, {name}", f"before {value}; after {after[name]}")
        for name, value in before.items()
    ]


def _measure(
    plumbline: Plumbline, corpus: str, questions: Sequence[MarkedQuestion]
) -> dict[str, str]:
    try:
        return {
            f"{half}, {kind}": _score(plumbline, corpus, asked, change)
            for half, asked in _halve(questions).items()
            for kind, change in KINDS.items()
        }
    finally:
        plumbline.close()


def _halve(questions: Sequence[MarkedQuestion]) -> dict[str, list[MarkedQuestion]]:
    """The questions by whether their document is one to choose by, or to check."""
    halves: dict[str, list[MarkedQuestion]] = {"choosing": [], "checking": []}
    for question in questions:
        digest = hashlib.sha256(question.source.encode()).digest()
        halves["choosing" if digest[-1] % 2 else "checking"].append(question)
    return halves


def _score(
    plumbline: Plumbline,
    corpus: str,
    questions: Sequence[MarkedQuestion],
    change: Callable[[str], str],
) -> str:
    hit, recall, answered = [], [], []
    for question in questions:
        found = plumbline.search(change(question.text), corpus=corpus, top_k=POOL)
        hit.append(evidence_hit_at(question.evidence, found.hits, 5))
        recall.append(evidence_recall(question.evidence, found.hits, BUDGET))
        answered.append(found.is_answered)
    if not questions:
        return "no questions"
    return (
        f"all evidence in the first 5 {statistics.fmean(hit):.3f}, recall@{BUDGET}c "
        f"{statistics.fmean(recall):.3f}, answered {statistics.fmean(answered):.1%}"
    )
