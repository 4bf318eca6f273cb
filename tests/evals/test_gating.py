"""The gate over simulated runs: the short form of `python -m evals.bench --only gate`."""

import pytest

from evals.bench.quality.gating import LOST, Trial, regressed


@pytest.mark.parametrize("trial", [Trial(), Trial(redrawn=0.1, is_majority=True)])
def test_a_judge_that_errs_raises_few_false_alarms(trial: Trial) -> None:
    assert sum(bool(regressed(trial, seed)) for seed in range(20)) <= 2


def test_a_loss_of_a_twentieth_of_the_supported_claims_is_found() -> None:
    for is_majority, least in ((False, 14), (True, 18)):
        trial = Trial(lost=LOST, is_majority=is_majority)
        assert sum("faithfulness" in regressed(trial, seed) for seed in range(20)) >= least
