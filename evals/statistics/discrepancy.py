"""Two samples that share no question: whether they differ by more than chance, and by how much.

What is compared has no distribution that a formula knows. So each test shuffles which sample a
value is of: it holds its level at any size, as far as values are drawn one by one.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import (  # type: ignore[import-untyped]  # ships no types
    fisher_exact,
    mannwhitneyu,
    rankdata,
)

from evals.statistics.paired import ROUNDING, SEED, Numbers
from evals.statistics.proportion import wilson_interval

SHUFFLES = 999  # the least p is .001, which holds below .05 after Holm over ten tests
USUAL = 0.95  # of the values without any change, as the 5 % of false alarms ask for
LEVEL = 0.95  # of intervals, the usual one

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the second sample is from the first: 0, or .5 of a chance, where it is not.

    `low` and `high` hold the effect with 95 %; `usual` is what 95 % of shuffles stay below, None
    where the test needs none.
    """

    effect: float
    low: float
    high: float
    p: float
    usual: float | None = None


def squared_distances(vectors: Numbers) -> Numbers:
    """Between all rows."""
    squares = (vectors**2).sum(axis=1)
    return np.asarray(np.maximum(squares[:, None] + squares - 2 * vectors @ vectors.T, 0.0))


def gaussian_kernel(squared: Numbers) -> Numbers:
    """exp(-d² / s) of all pairs, s the median of their d² (Gretton et al. 2012)."""
    above = squared[np.triu_indices(len(squared), 1)]
    return np.exp(-squared / max(float(np.median(above)), np.finfo(float).tiny))


def mmd(kernel: Numbers, first: int) -> Difference:
    """The squared maximum mean discrepancy of the first rows and the rest, over their spread.

    1: the centres are as far apart as the samples are from their own centres. The interval is
    the jackknife's, somewhat short for small samples.
    """
    is_first = np.arange(len(kernel)) < first
    found = float(_squared_mmd(kernel, is_first[:, None])[0])
    drawn = _squared_mmd(kernel, _shuffles(is_first))
    inner = _mean_pair(kernel[:first, :first]) + _mean_pair(kernel[first:, first:])
    spread = max(1 - inner / 2, ROUNDING)  # rows that are all the same have none
    effect = found / spread
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * _jackknife_error(kernel, first)
    usual = float(np.quantile(drawn, USUAL)) / spread
    return Difference(effect, effect - reach, effect + reach, _share_as_large(drawn, found), usual)


def witness(kernel: Numbers, first: int) -> Numbers:
    """Of each row after the first ones, how much more it is like its own sample than theirs."""
    own = kernel[first:, first:]
    likeness = (own.sum(axis=1) - own.diagonal()) / (len(own) - 1)
    return np.asarray(likeness - kernel[first:, :first].mean(axis=1))


def novelty(squared: Numbers, first: int) -> Difference:
    """The share of later rows that are farther from any first row than 95 % of these are."""
    is_first = np.arange(len(squared)) < first
    alone = squared.copy()
    np.fill_diagonal(alone, np.inf)
    found = float(novel(squared, first).mean())
    drawn = np.array([_novel_share(alone, shuffle) for shuffle in _shuffles(is_first).T])
    later = len(squared) - first
    low, high = wilson_interval(round(found * later), later)
    usual = float(np.quantile(drawn, USUAL))
    return Difference(found, low, high, _share_as_large(drawn, found), usual)


def novel(squared: Numbers, first: int) -> Flags:
    """Which rows after the first ones are."""
    own = squared[:first, :first].copy()
    np.fill_diagonal(own, np.inf)
    return np.asarray(squared[first:, :first].min(axis=1) > _usual(own.min(axis=1)))


def larger(first: Numbers, second: Numbers) -> Difference:
    """The chance that a value of the second sample is the larger (ties half): Mann and Whitney's.

    The interval is DeLong's (1988).
    """
    ranks = rankdata(np.concatenate([second, first]))
    within = np.concatenate([rankdata(second), rankdata(first)])
    above = (ranks - within)[: len(second)] / len(first)
    below = 1 - (ranks - within)[len(second) :] / len(second)
    effect = float(above.mean())
    error = sqrt(above.var(ddof=1) / len(second) + below.var(ddof=1) / len(first))
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    p = float(mannwhitneyu(second, first).pvalue) if np.ptp(ranks) else 1.0
    return Difference(effect, max(0.0, effect - reach), min(1.0, effect + reach), p)


def more_often(first: Flags, second: Flags) -> Difference:
    """The share of the second sample minus the first's: Fisher's test, Newcombe's interval."""
    (a, m), (b, n) = ((int(flags.sum()), len(flags)) for flags in (first, second))
    p = float(fisher_exact([[a, m - a], [b, n - b]]).pvalue)
    (low_a, high_a), (low_b, high_b) = wilson_interval(a, m), wilson_interval(b, n)
    low = sqrt((b / n - low_b) ** 2 + (high_a - a / m) ** 2)
    high = sqrt((high_b - b / n) ** 2 + (a / m - low_a) ** 2)
    effect = b / n - a / m
    return Difference(effect, effect - low, effect + high, p)


def _shuffles(is_first: Flags) -> Flags:
    """A column for each shuffle."""
    generator = np.random.default_rng(SEED)
    return generator.permuted(np.repeat(is_first[:, None], SHUFFLES, axis=1), axis=0)


def _share_as_large(drawn: Numbers, found: float) -> float:
    """The one-sided p; the sample counts as one of the shuffles (Phipson and Smyth 2010)."""
    return (int((drawn >= found - ROUNDING).sum()) + 1) / (len(drawn) + 1)


def _squared_mmd(kernel: Numbers, is_first: Flags) -> Numbers:
    """The unbiased estimate for each column that says which rows are of the first sample."""
    chosen = is_first.astype(np.float64)
    sums = kernel @ chosen
    m, n = int(is_first[:, 0].sum()), int((~is_first[:, 0]).sum())
    within = (chosen * sums).sum(axis=0)
    across = sums.sum(axis=0) - within
    rest = kernel.sum() - within - 2 * across
    apart = (within - m) / (m * (m - 1)) + (rest - n) / (n * (n - 1))  # without rows and themselves
    return np.asarray(apart - 2 * across / (m * n))


def _mean_pair(kernel: Numbers) -> float:
    size = len(kernel)
    return float((kernel.sum() - size) / (size * (size - 1)))


def _jackknife_error(kernel: Numbers, first: int) -> float:
    """The standard error of the effect of `mmd`, each sample's rows left out one by one."""
    before, after = slice(None, first), slice(first, None)
    variance = 0.0
    for own, other in ((before, after), (after, before)):
        inner = kernel[own, own].sum(axis=1) - 1
        outer = kernel[own, other].sum(axis=1)
        m, n = kernel[own, other].shape
        within = (inner.sum() - 2 * inner) / ((m - 1) * (m - 2))
        within += _mean_pair(kernel[other, other])
        across = (outer.sum() - outer) / ((m - 1) * n)
        effects = (within - 2 * across) / np.maximum(1 - within / 2, ROUNDING)
        variance += (m - 1) / m * float(((effects - effects.mean()) ** 2).sum())
    return sqrt(variance)


def _novel_share(alone: Numbers, is_first: Flags) -> float:
    nearest = alone[:, is_first].min(axis=1)
    return float((nearest[~is_first] > _usual(nearest[is_first])).mean())


def _usual(values: Numbers) -> float:
    """The least value that 95 % of them do not pass."""
    place = ceil(USUAL * len(values)) - 1
    return float(np.partition(values, place)[place])
