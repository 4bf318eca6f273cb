"""Tests of two samples against counts by hand and simulations."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom  # type: ignore[import-untyped]  # ships no types

from evals.statistics import discrepancy
from evals.statistics.discrepancy import (
    gaussian_kernel,
    larger,
    mmd,
    more_often,
    novel,
    novelty,
    squared_distances,
    witness,
)
from evals.statistics.paired import Numbers

TRIALS = 100


def two_samples(seed: int, shift: float, size: int = 60) -> Numbers:
    generator = np.random.default_rng(seed)
    return np.concatenate(
        [generator.normal(0, 1, (size, 5)), generator.normal(shift, 1, (size, 5))]
    )


def test_the_kernel_is_one_for_the_same_text_and_known_at_the_median() -> None:
    kernel = gaussian_kernel(squared_distances(np.array([[0.0, 0], [1, 0], [0, 2]])))
    assert kernel.diagonal() == pytest.approx(np.ones(3))
    assert kernel[0, 2] == pytest.approx(np.exp(-1))  # 4 is the median of 1, 4 and 5


def test_the_discrepancy_is_the_sum_over_pairs() -> None:
    kernel = gaussian_kernel(squared_distances(two_samples(1, 0.5, size=7)))
    first, second = range(7), range(7, 14)
    inner = [
        float(np.mean([kernel[pair] for pair in combinations(sample, 2)]))
        for sample in (first, second)
    ]
    outer = float(kernel[:7, 7:].mean())
    expected = (sum(inner) - 2 * outer) / (1 - sum(inner) / 2)
    assert mmd(kernel, 7).effect == pytest.approx(expected)


def test_the_interval_holds_the_effect_of_a_large_sample() -> None:
    """In 89 % of 200 trials with 60 rows a sample: the scale of the kernel varies too."""
    true = mmd(gaussian_kernel(squared_distances(two_samples(0, 0.7, size=1500))), 1500).effect
    held = 0
    for seed in range(1, 101):
        found = mmd(gaussian_kernel(squared_distances(two_samples(seed, 0.7))), 60)
        held += found.low <= true <= found.high
    assert held >= 80


@pytest.mark.parametrize("test", ["mmd", "novelty", "larger"])
def test_samples_of_one_kind_differ_as_seldom_as_stated(test: str) -> None:
    alarms = 0
    for seed in range(TRIALS):
        samples = two_samples(seed, 0.0, size=40)
        squared = squared_distances(samples)
        if test == "mmd":
            p = mmd(gaussian_kernel(squared), 40).p
        elif test == "novelty":
            p = novelty(squared, 40).p
        else:
            p = larger(samples[:40, 0], samples[40:, 0]).p
        alarms += p <= 0.05
    assert alarms <= binom.ppf(0.975, TRIALS, 0.05)
    assert alarms >= 1


def test_another_kind_is_found_and_told() -> None:
    samples = np.concatenate([two_samples(3, 0.0)[:60], two_samples(4, 6.0)[60:]])
    squared = squared_distances(samples)
    found = novelty(squared, 60)
    assert found.p == 1 / (discrepancy.SHUFFLES + 1)
    assert found.effect == 1.0
    assert found.usual is not None
    assert found.usual < 0.3
    assert novel(squared, 60).all()
    assert mmd(gaussian_kernel(squared), 60).p == found.p


def test_the_witnesses_are_the_rows_of_another_kind() -> None:
    samples = two_samples(5, 0.0)
    samples[100:] += 4
    unlike = witness(gaussian_kernel(squared_distances(samples)), 60)
    assert set(np.argsort(-unlike)[:20]) == set(range(40, 60))


def test_rows_that_are_all_the_same_do_not_differ() -> None:
    squared = squared_distances(np.ones((30, 4)))
    assert mmd(gaussian_kernel(squared), 15).p == 1.0
    assert novelty(squared, 15).p == 1.0
    assert larger(np.ones(20), np.ones(20)).p == 1.0


def test_larger_counts_pairs_with_ties_half() -> None:
    first, second = np.array([1.0, 2, 2, 5]), np.array([2.0, 3, 6])
    pairs = [(b > a) + (a == b) / 2 for a in first for b in second]
    found = larger(first, second)
    assert found.effect == pytest.approx(np.mean(pairs))
    assert 0 <= found.low < found.effect < found.high <= 1
    assert larger(second, first).effect == pytest.approx(1 - found.effect)


def test_shares_are_compared_by_fisher_with_newcombes_interval() -> None:
    """Newcombe (1998), example b: 9 of 10 and 3 of 10, .6 with .1705 to .8090."""
    found = more_often(np.arange(10) < 3, np.arange(10) < 9)
    assert found.effect == pytest.approx(0.6)
    assert (found.low, found.high) == pytest.approx((0.1705, 0.8090), abs=5e-4)
    assert found.p == pytest.approx(0.0198, abs=5e-4)
