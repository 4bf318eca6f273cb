"""A share of counted things, with how far it may be off."""

from math import sqrt
from statistics import NormalDist


def wilson_interval(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) score interval, which holds near 0 and 1 too."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = count / of
    middle = share + z**2 / (2 * of)
    reach = z * sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    scale = 1 + z**2 / of
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
