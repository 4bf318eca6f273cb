"""Boosted trees as coefficient files hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.training.regression import round_off


@dataclass(frozen=True, slots=True)
class Shape:
    """How many trees there are, how large each is, and how much each may say."""

    trees: int
    rate: float
    leaves: int
    least_in_leaf: int
    penalty: float
    share: float


def grow_trees(
    seen: Sequence[Mapping[str, float]],
    answers: Sequence[bool],
    weights: Sequence[float],
    *,
    signs: Mapping[str, int],
    shape: Shape,
) -> dict[str, Any]:
    """Start and trees by scikit-learn's HistGradientBoostingClassifier.

    With a signal of sign 1 the answer can only grow, with -1 only fall, whatever a few examples
    say.
    """
    from sklearn.ensemble import (  # type: ignore[import-untyped]
        HistGradientBoostingClassifier,
    )

    names = sorted(seen[0])
    model = HistGradientBoostingClassifier(
        max_iter=shape.trees,
        learning_rate=shape.rate,
        max_leaf_nodes=shape.leaves,
        min_samples_leaf=shape.least_in_leaf,
        l2_regularization=shape.penalty,
        max_features=shape.share,
        early_stopping=False,
        monotonic_cst=[signs.get(name, 0) for name in names],
        random_state=0,
    )
    table = np.array([[each[name] for name in names] for each in seen])
    model.fit(table, np.array(answers), sample_weight=np.array(weights))
    trees = [_tree(predictor.nodes, names, 0) for (predictor,) in model._predictors]
    return {"start": round_off(model._baseline_prediction[0, 0]), "trees": trees}


def _tree(nodes: Any, names: Sequence[str], at: int) -> Any:  # rows of scikit-learn's own nodes
    node = nodes[at]
    if node["is_leaf"]:
        return round_off(node["value"])
    low, high = (_tree(nodes, names, int(node[side])) for side in ("left", "right"))
    return [names[int(node["feature_idx"])], round_off(node["num_threshold"]), low, high]
