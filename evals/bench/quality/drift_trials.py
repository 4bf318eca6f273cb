"""How often drift is seen where there is none, and found where a topic has changed.

Real questions, answered by the example corpus. A trial draws two windows of them without
repetition; where a topic changes, a part of the later one comes from other texts.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.bench import ROOT, Rows
from evals.bench.quality.gating import tell_share
from evals.bench.quality.spans import read_questions
from evals.drift.detectors import detect
from evals.samples.reading import read_set
from evals.statistics.discrepancy import squared_distances
from evals.statistics.paired import Numbers
from rag.domain import Answer, Message
from rag.journal.exchange import Exchange, exchange_of
from rag.plumbline import Plumbline
from rag.ports import Embedder

CORPUS = "handbook"
SETS = ("handbook", "asked-tuning", "asked-testing", "versions")
TRIALS = 200
WINDOW = 200
MIXED = (0.5, 0.2)  # of the later window is of the new topic
ABOUT = ("questions", "novel")


@dataclass(frozen=True, slots=True)
class Asked:
    """Exchanges, the text that each is about, and the distances of their questions."""

    exchanges: Sequence[Exchange]
    topics: Sequence[str]
    squared: Numbers

    def alarms(self, before: NDArray[np.int_], after: NDArray[np.int_]) -> list[str]:
        """The detectors that alarm, were these rows two windows."""
        rows = np.concatenate([before, after])
        windows = [[self.exchanges[row] for row in part] for part in (before, after)]
        found = detect(windows[0], windows[1], self.squared[np.ix_(rows, rows)])
        return [finding.name for finding in found if finding.alarm]


def measure_drift(plumbline: Plumbline, embedder: Embedder, spans: Path | None) -> Rows:
    """The rows of the benchmark's table; new topics where there is a set of spans."""
    asked = ask_all(plumbline, embedder, spans)
    own = np.array([place for place, topic in enumerate(asked.topics) if topic == CORPUS])
    alarms = [_count_unchanged(asked, own, seed) for seed in range(TRIALS)]
    rows = [
        (f"drift: false alarms, {WINDOW} questions a window", _tell(alarms)),
        ("drift: of which by detector", str(dict(Counter(n for each in alarms for n in each)))),
    ]
    for topic in sorted(set(asked.topics) - {CORPUS}):
        for share in MIXED:
            found = [_count_changed(asked, own, topic, share, seed) for seed in range(TRIALS // 5)]
            part = min(int(share * WINDOW), Counter(asked.topics)[topic])
            name = f"drift: found, {part} of {WINDOW} questions about {topic}"
            rows.append((name, _tell([set(each) & set(ABOUT) for each in found])))
    return rows


def _count_unchanged(asked: Asked, own: NDArray[np.int_], seed: int) -> list[str]:
    drawn = np.random.default_rng([seed, WINDOW]).permutation(own)
    return asked.alarms(drawn[:WINDOW], drawn[WINDOW : 2 * WINDOW])


def _count_changed(
    asked: Asked, own: NDArray[np.int_], topic: str, share: float, seed: int
) -> list[str]:
    generator = np.random.default_rng([seed, WINDOW])
    new = np.array([place for place, each in enumerate(asked.topics) if each == topic])
    old, new = generator.permutation(own), generator.permutation(new)[: int(share * WINDOW)]
    return asked.alarms(old[:WINDOW], np.concatenate([new, old[WINDOW : 2 * WINDOW - len(new)]]))


def _tell(alarms: Sequence[object]) -> str:
    return tell_share(sum(bool(each) for each in alarms), len(alarms))


def ask_all(plumbline: Plumbline, embedder: Embedder, spans: Path | None) -> Asked:
    """The questions of the example sets, and of a set of spans, all put to the example corpus."""
    questions = {question: CORPUS for name in SETS for question in _read_set(name)}
    for marked in read_questions(spans) if spans else ():
        questions[marked.text] = Path(marked.source).stem
    exchanges = asyncio.run(_ask(plumbline, [*questions]))
    vectors = embedder.embed_queries([*questions]).astype(np.float64)
    return Asked(exchanges, [*questions.values()], squared_distances(vectors))


def _read_set(name: str) -> Iterator[str]:
    for sample in read_set(ROOT / "evals" / "sets" / f"{name}.jsonl").samples:
        if len(sample.conversation) == 1:
            yield sample.question


async def _ask(plumbline: Plumbline, questions: Sequence[str]) -> list[Exchange]:
    exchanges = []
    for question in questions:
        async for item in plumbline.answer([Message("user", question)], corpus=CORPUS):
            if isinstance(item, Answer):
                exchanges.append(exchange_of(item, question, ""))
    return exchanges
