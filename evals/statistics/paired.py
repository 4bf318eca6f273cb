"""Two values a question: whether they differ by more than chance, and by how much.

A question is its own control, so only the differences count, and questions without one say nothing.
"""

from math import comb

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_EXACT = 13  # 2**13 signs are counted one by one, about as many as are drawn for more
DRAWS = 9999  # the usual number: the least p is 1e-4, the error at p = .05 is .002
RESAMPLES = 1999  # enough for the second digit of an interval
SEED = 20241121  # chosen: any will do, one and the same makes a comparison repeatable
ROUNDING = 1e-9  # of sums in floating point


def paired_p(differences: Numbers) -> float:
    """The two-sided p of the sum, were the sign of each difference a toss of a coin.

    Exact where the differences are few, or of one size, which is McNemar's test. Otherwise the
    signs are drawn, and the data count as one of the draws (Phipson and Smyth 2010).
    """
    changed = differences[np.abs(differences) > ROUNDING]
    if not changed.size:
        return 1.0
    if np.ptp(np.abs(changed)) <= ROUNDING:
        return mcnemar(int((changed < 0).sum()), int((changed > 0).sum()))
    is_exact = changed.size <= MOST_EXACT
    flips = _every_flip(changed.size) if is_exact else _some_flips(changed.size)
    sums = 2 * (flips @ changed) - changed.sum()
    extreme = int((np.abs(sums) >= abs(changed.sum()) - ROUNDING).sum())
    return extreme / len(sums) if is_exact else (extreme + 1) / (DRAWS + 1)


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p of so uneven a split, were each of the changes a toss of a coin."""
    changes = lost + gained
    tail = sum(comb(changes, k) for k in range(max(lost, gained), changes + 1))
    return min(1.0, float(2 * tail / 2**changes))


def mean_interval(differences: Numbers, level: float = 0.95) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean.

    BCa covered no better on skewed differences, and gives none where all are equal.
    """
    generator = np.random.default_rng(SEED)
    drawn = generator.integers(0, differences.size, (RESAMPLES, differences.size))
    means = differences[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _every_flip(count: int) -> Numbers:
    numbers = np.arange(2**count)[:, None]
    return (numbers >> np.arange(count) & 1).astype(np.float64)


def _some_flips(count: int) -> Numbers:
    generator = np.random.default_rng(SEED)
    return generator.integers(0, 2, (DRAWS, count)).astype(np.float64)
