"""What a comparison could have found: a pass says little where only a landslide would show."""

from math import ceil, log2, sqrt
from statistics import NormalDist

import numpy as np

from evals.statistics.paired import ROUNDING, Numbers

POWER = 0.8  # the usual one


def detectable_drop(differences: Numbers, alpha: float) -> float:
    """The least drop of the mean that a two-sided test at `alpha` finds with a power of .8.

    By the spread of the differences, (z[1 - alpha / 2] + z[.8]) * s / sqrt(n). Where fewer
    questions changed than a p below `alpha` takes, it is at least that many lost whole.
    """
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
    spread = float(differences.std(ddof=1)) if differences.size > 1 else 0.0
    drop = reach * spread / sqrt(differences.size)
    needed = ceil(1 - log2(alpha))  # 2 * .5**needed <= alpha
    if (np.abs(differences) > ROUNDING).sum() < needed:
        drop = max(drop, needed / differences.size)
    return min(1.0, drop)
