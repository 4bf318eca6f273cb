"""Logistic regressions as coefficient files hold them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.retrieval.confidence import Signals

DIGITS = 4  # chosen: more would be noise


def fit(
    seen: Sequence[Signals],
    names: Sequence[str],
    answers: Sequence[bool],
    weights: Sequence[float],
    *,
    regularization: float,
) -> dict[str, Any]:
    """Intercept and signals of one regression, `regularization` being scikit-learn's C."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    table = np.array([[each[name] for name in names] for each in seen])
    means, deviations = table.mean(axis=0), table.std(axis=0)
    deviations[deviations == 0] = 1.0
    model = LogisticRegression(C=regularization, max_iter=2000)
    model.fit((table - means) / deviations, answers, sample_weight=weights)
    rows = zip(names, means, deviations, model.coef_[0], strict=True)
    return {
        "intercept": round_off(model.intercept_[0]),
        "signals": {
            name: {
                "mean": round_off(mean),
                "deviation": round_off(deviation),
                "weight": round_off(weight),
            }
            for name, mean, deviation, weight in rows
        },
    }


def round_off(value: float) -> float:
    """A coefficient as it is written."""
    return round(float(value), DIGITS)
