"""Paired tests, intervals, correction and power against hand counts and simulations."""

from itertools import product
from math import comb
from statistics import NormalDist

import numpy as np
import pytest

from evals.statistics.correction import holm
from evals.statistics.paired import mcnemar, mean_interval, paired_p
from evals.statistics.power import detectable_drop


@pytest.mark.parametrize("lost", range(9))
@pytest.mark.parametrize("gained", range(9))
def test_mcnemar_counts_the_splits_that_are_as_uneven(lost: int, gained: int) -> None:
    changes = lost + gained
    splits = {k: comb(changes, k) for k in range(changes + 1)}
    uneven = sum(n for k, n in splits.items() if abs(2 * k - changes) >= abs(lost - gained))
    expected = pytest.approx(uneven / 2**changes)
    assert mcnemar(lost, gained) == expected
    assert paired_p(np.array([-1.0] * lost + [1.0] * gained + [0.0] * 5)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_few_differences_are_tested_by_every_sign(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 1, 8).round(2)
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=8)]
    extreme = np.mean([each >= abs(differences.sum()) - 1e-9 for each in sums])
    assert paired_p(differences) == pytest.approx(extreme)
    assert paired_p(np.append(differences, [0.0] * 30)) == pytest.approx(extreme)


def test_questions_that_did_not_change_say_nothing() -> None:
    assert paired_p(np.zeros(50)) == 1.0
    assert paired_p(np.full(50, 1e-12)) == 1.0
    assert mean_interval(np.zeros(50)) == (0.0, 0.0)


def test_many_differences_are_tested_by_drawn_signs_always_the_same() -> None:
    differences = np.random.default_rng(3).normal(0.2, 1, 100)
    z = differences.sum() / np.sqrt((differences**2).sum())
    usual = 2 * NormalDist().cdf(-abs(z))
    assert paired_p(differences) == paired_p(differences) == pytest.approx(usual, abs=0.02)
    assert paired_p(differences + 10) == 1 / 10_000


def test_p_values_of_no_difference_are_as_rare_as_they_say() -> None:
    generator = np.random.default_rng(5)
    found = [paired_p(generator.normal(0, 1, 30)) for _ in range(300)]
    assert 4 <= sum(p < 0.05 for p in found) <= 27


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        low, high = mean_interval(generator.exponential(1, 100))
        held += low <= 1 <= high
    assert 178 <= held <= 200


def test_holm_multiplies_by_the_tests_that_are_left() -> None:
    adjusted = holm({"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.5})
    assert adjusted == pytest.approx({"b": 0.04, "c": 0.09, "a": 0.09, "d": 0.5})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_a_drop_as_large_as_is_said_to_be_detectable_is_found_four_times_of_five() -> None:
    generator = np.random.default_rng(11)
    alpha = 0.01
    drop = detectable_drop(generator.normal(0, 0.2, 4000)[:120], alpha)
    found = sum(paired_p(generator.normal(-drop, 0.2, 120)) < alpha for _ in range(200))
    assert 0.7 <= found / 200 <= 0.9


def test_with_hardly_a_change_as_many_losses_as_a_test_needs_are_detectable() -> None:
    few = np.zeros(100)
    few[0] = -0.1
    needed = round(detectable_drop(few, 0.05) * 100)
    assert mcnemar(needed, 0) < 0.05 <= mcnemar(needed - 1, 0)
    assert detectable_drop(np.zeros(3), 0.05) == 1.0
