"""The weights of the support check: boosted trees for sentences, two regressions beside them.

`docs/models/support.md` names the data and the results.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.claims.answers import CheckedAnswer
from evals.claims.measuring import Checked
from evals.training.trees import Shape, grow_trees
from rag.support.verdicts import COEFFICIENTS, Regression, SentenceJudge, Split, summarize

Signals = Mapping[str, float]
Predict = Callable[[Sequence[Signals]], list[float]]

FOLDS = 8  # chosen
DIGITS = 4  # chosen: more would be noise
SHAPE = Shape(trees=120, rate=0.06, leaves=6, least_in_leaf=8, penalty=3.0, share=0.4)
"""250 trees at .04 with ten leaves: the same within .005. The rest is chosen: claims are few."""
REGULARIZATION = 0.1  # scikit-learn's C; from .03 to .1 the same within .01

GROWS = frozenset(
    re.split(
        r", ",
        "similar, similar anywhere, lowest, second lowest, lowest fifth, lowest fifth anywhere, "
        "lowest clause, cosine, told, fit, amount agrees, date agrees",
    )
)
FALLS = frozenset(
    re.split(
        r", ",
        "missing, unknown, loss unknown, loss elsewhere, most lost elsewhere, better elsewhere, "
        "odd, names lacking, opposites, other duty, only added, exception left out, inclusion, "
        "all added, other extent, differing, amounts missing, denial differs, amounts swapped, "
        "names swapped, amounts exchanged, names exchanged, other order, faults, any fault",
    )
)
"""Signals with which support can only grow or only fall, whatever a few examples say."""
OF_ANSWERS = (
    *("similar", "similar anywhere", "lowest fifth anywhere", "unknown", "loss unknown", "faults"),
    "words",
)
"""Signals that answers are judged by: with all of them balanced accuracy was .03 lower."""


@dataclass(frozen=True, slots=True)
class Example:
    """The signals of a sentence or an answer, whether it is carried, and what it is a part of."""

    signals: Signals
    is_carried: bool
    group: str
    weight: float = 1.0


def learn_sentences(examples: Sequence[Example]) -> dict[str, Any]:
    """Boosted trees by scikit-learn, as `support.json` has them."""
    signs = {name: (name in GROWS) - (name in FALLS) for name in examples[0].signals}
    return grow_trees(
        [each.signals for each in examples],
        [each.is_carried for each in examples],
        [each.weight for each in examples],
        signs=signs,
        shape=SHAPE,
    )


def learn_regression(examples: Sequence[Example]) -> dict[str, Any]:
    """A logistic regression on standardised signals, both labels weighing the same."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    names = sorted(examples[0].signals)
    table, carried, weights = _table(examples, names)
    means, deviations = table.mean(axis=0), table.std(axis=0)
    kept = deviations > 0
    model = LogisticRegression(C=REGULARIZATION, class_weight="balanced", max_iter=3000)
    model.fit((table[:, kept] - means[kept]) / deviations[kept], carried, sample_weight=weights)
    rows = zip(np.array(names)[kept], means[kept], deviations[kept], model.coef_[0], strict=True)
    return {
        "intercept": _round(model.intercept_[0]),
        "signals": {
            str(name): {"mean": _round(mean), "deviation": _round(dev), "weight": _round(weight)}
            for name, mean, dev, weight in rows
        },
    }


def _table(
    examples: Sequence[Example], names: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    table = np.array([[each.signals[name] for name in names] for each in examples])
    carried = np.array([each.is_carried for each in examples])
    return table, carried, np.array([each.weight for each in examples])


def teach_sentences(examples: Sequence[Example]) -> Predict:
    """What is learned of sentences, as it judges."""
    learned = learn_sentences(examples)
    judge = SentenceJudge(learned["start"], tuple(Split.parse(tree) for tree in learned["trees"]))
    return lambda seen: [judge.judge(signals) for signals in seen]


def teach_regression(examples: Sequence[Example]) -> Predict:
    """What is learned by regression, as it judges."""
    learned = learn_regression(examples)
    weights = {
        name: (each["mean"], each["deviation"], each["weight"])
        for name, each in learned["signals"].items()
    }
    judge = Regression(learned["intercept"], weights)
    return lambda seen: [judge.judge(signals) for signals in seen]


def cross_validate(
    examples: Sequence[Example], learn: Callable[[Sequence[Example]], Predict]
) -> str:
    """Balanced accuracy and AUROC where each group is judged by what was learned of the others."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]
    from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]

    carried = np.array([each.is_carried for each in examples])
    scores = np.zeros(len(examples))
    groups = [each.group for each in examples]
    folds = min(FOLDS, len(set(groups)))
    for known, asked in GroupKFold(folds).split(scores, carried, groups):
        judge = learn([examples[at] for at in known])
        scores[asked] = judge([examples[at].signals for at in asked])
    right = (scores >= 0.5) == carried
    balanced = (right[carried].mean() + right[~carried].mean()) / 2
    return (
        f"{len(examples)} examples: balanced accuracy {balanced:.3f}, "
        f"AUROC {roc_auc_score(carried, scores):.3f}, "
        f"false called carried {1 - right[~carried].mean():.3f}, "
        f"true not called carried {1 - right[carried].mean():.3f}"
    )


def observe_claims(
    checked: Sequence[Checked],
) -> tuple[list[Example], list[Example]]:
    """Claims as examples, and those in another language than their evidence.

    What stands word for word in its evidence needs no judge.
    """
    found: tuple[list[Example], list[Example]] = ([], [])
    for each in checked:
        if each.judgement.signals:
            example = Example(
                each.judgement.signals,
                each.claim.is_true,
                next((one.source for one in each.claim.evidence), each.claim.id),
            )
            found["faults" not in each.judgement.signals].append(example)
    return found


def observe_answers(checked: Iterable[CheckedAnswer]) -> list[Example]:
    """Answers as examples."""
    return [
        Example(summarize(sentences), all(each.are_carried), each.answer.question)
        for each in checked
        if (sentences := [_few(one.signals) for one in each.sentences if "faults" in one.signals])
    ]


def _few(signals: Signals) -> Signals:
    return {name: signals[name] for name in OF_ANSWERS}


def write(learned: Mapping[str, Any], data: Sequence[Path], path: Path = COEFFICIENTS) -> str:
    """Write what was learned with what it was learned from, and say so."""
    sources = {each.name: sha256(each.read_bytes()).hexdigest() for each in data}
    made = {"learned": datetime.now(UTC).date().isoformat(), "data_sha256": sources}
    path.write_text(json.dumps({**made, **learned}, indent=None) + "\n", encoding="utf-8")
    return f"{len(learned['sentence']['trees'])} trees and two regressions: {path}"


def _round(value: float) -> float:
    return round(float(value), DIGITS)
