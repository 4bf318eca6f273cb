"""Verdicts out of signals, by weights that were learned from labelled claims and answers.

`python -m evals.training support` learns them; `docs/models/support.md` says from what.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rag.ports import Judgement

SURELY = 0.1  # chosen: of labelled answers .757 are then told rightly, .766 without; .2: .72
COEFFICIENTS = Path(__file__).parent.parent / "coefficients" / "support.json"


@dataclass(frozen=True, slots=True)
class Split:
    """A place in a tree: where `signal` is at most `threshold` go to `low`, else to `high`."""

    signal: str
    threshold: float
    low: "Split | float"
    high: "Split | float"

    @classmethod
    def parse(cls, raw: object) -> "Split | float":
        """From `[signal, threshold, low, high]` or a number."""
        if isinstance(raw, list):
            signal, threshold, low, high = raw
            return cls(signal, threshold, cls.parse(low), cls.parse(high))
        return float(str(raw))


@dataclass(frozen=True, slots=True)
class SentenceJudge:
    """Boosted trees: how likely evidence carries a sentence that gives such signals."""

    start: float
    trees: tuple[Split | float, ...]

    def judge(self, signals: Mapping[str, float]) -> float:
        """From 0 to 1."""
        return _logistic(self.start + sum(_walk(tree, signals) for tree in self.trees))


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression over standardised signals."""

    intercept: float
    weights: Mapping[str, tuple[float, float, float]]

    def judge(self, signals: Mapping[str, float]) -> float:
        """From 0 to 1."""
        return _logistic(
            self.intercept
            + sum(
                weight * (signals[name] - mean) / deviation
                for name, (mean, deviation, weight) in self.weights.items()
            )
        )


def summarize(sentences: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The lowest, highest and mean of each signal, and how long the answer is."""
    words = sum(sentence["words"] for sentence in sentences)
    found = {
        "sentences of the answer": math.log(max(1, len(sentences))),
        "words of the answer": math.log(max(1.0, words)),
    }
    for name in sentences[0] if sentences else ():
        values = [sentence[name] for sentence in sentences]
        found[f"lowest {name}"] = min(values)
        found[f"highest {name}"] = max(values)
        found[f"mean {name}"] = float(np.mean(values))
    return found


def _walk(tree: Split | float, signals: Mapping[str, float]) -> float:
    while isinstance(tree, Split):
        tree = tree.low if signals[tree.signal] <= tree.threshold else tree.high
    return tree


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))  # 30: beyond, it is 0 or 1


@dataclass(frozen=True, slots=True)
class Judges:
    """What was learned: judges of sentences, of translated ones and of whole answers."""

    sentence: SentenceJudge
    translated: Regression
    answer: Regression


UNTAUGHT = Judges(SentenceJudge(0.0, ()), Regression(0.0, {}), Regression(0.0, {}))
"""Judges that say one half to everything, while others are learned."""


def score_text(judgements: Sequence[Judgement], judge: Regression | None = None) -> float:
    """How likely all sentences of a text are carried; below one half something is not.

    The judge of answers tells it from the signals of several sentences, each with any, but no more
    than a sentence that surely differs has. Else it is the lowest score, as where another checker
    had the last word.
    """
    lowest = min((each.score for each in judgements), default=0.0)
    signals = [each.signals for each in judgements if "faults" in each.signals]
    if len(judgements) < 2 or not signals:
        return lowest
    surely = [e.score for e in judgements if e.verdict == "differs" and e.score < SURELY]
    others = [each.score for each in judgements if "faults" not in each.signals]
    whole = (judge or read_judges().answer).judge(summarize(signals))
    return min([whole, *others, *surely])


@cache
def read_judges(path: Path = COEFFICIENTS) -> Judges:
    """The judges of a file that `evals/training/support.py` wrote."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    trees = tuple(Split.parse(tree) for tree in raw["sentence"]["trees"])
    return Judges(
        SentenceJudge(raw["sentence"]["start"], trees),
        _read_regression(raw["translated"]),
        _read_regression(raw["answer"]),
    )


def _read_regression(raw: Mapping[str, Any]) -> Regression:
    weights = {
        name: (each["mean"], each["deviation"], each["weight"])
        for name, each in raw["signals"].items()
    }
    return Regression(raw["intercept"], weights)
