"""How well a judge of yes and no agrees with the truth, and what its shares are worth then."""

from dataclasses import dataclass

import numpy as np

from evals.statistics.paired import Numbers
from evals.statistics.proportion import wilson_interval

RESAMPLES = 9999  # chosen: the ends of an interval move by less than they are shown
LEAST_INFORMED = 1e-9  # a judge that is right as often as a coin tells nothing


@dataclass(frozen=True, slots=True)
class Counts:
    """What a judge said of true claims and of false ones."""

    true_accepted: int
    true: int
    false_rejected: int
    false: int

    @property
    def informed(self) -> float:
        """Youden's J: what is left of a difference in truth in the shares that the judge gives."""
        return self.true_accepted / self.true + self.false_rejected / self.false - 1


def kappa(counts: Counts) -> tuple[float, float, float]:
    """Cohen's kappa, and its interval: that of the agreement, with the agreement by chance held."""
    n = counts.true + counts.false
    agreed = counts.true_accepted + counts.false_rejected
    accepted = (counts.true_accepted + counts.false - counts.false_rejected) / n
    true = counts.true / n
    chance = true * accepted + (1 - true) * (1 - accepted)
    low, high = wilson_interval(agreed, n)
    found, least, most = ((share - chance) / (1 - chance) for share in (agreed / n, low, high))
    return found, max(-1.0, least), min(1.0, most)


def corrected_mean(shares: Numbers, counts: Counts) -> tuple[float, float, float] | None:
    """The mean of shares that a judge gave, freed of its errors, with a 95 % interval.

    Rogan and Gladen (1978): (mean + specificity - 1) / (sensitivity + specificity - 1). The
    interval takes the samples by the bootstrap, and the judge's rates from what is known of them
    (beta, prior of Jeffreys). None where there is nothing to correct, or the judge tells nothing.
    """
    if not shares.size or counts.informed < LEAST_INFORMED:
        return None
    generator = np.random.default_rng(0)
    rows = generator.integers(0, shares.size, (RESAMPLES, shares.size))
    accepted, rejected = counts.true_accepted, counts.false_rejected
    found = _correct(
        shares[rows].mean(axis=1),
        generator.beta(accepted + 0.5, counts.true - accepted + 0.5, RESAMPLES),
        generator.beta(rejected + 0.5, counts.false - rejected + 0.5, RESAMPLES),
    )
    exact = _correct(
        np.array([shares.mean()]),
        np.array([accepted / counts.true]),
        np.array([rejected / counts.false]),
    )
    low, high = np.percentile(found, [2.5, 97.5])
    return float(exact[0]), float(low), float(high)


def _correct(mean: Numbers, sensitivity: Numbers, specificity: Numbers) -> Numbers:
    informed = np.maximum(sensitivity + specificity - 1, LEAST_INFORMED)
    return np.clip((mean + specificity - 1) / informed, 0.0, 1.0)
