"""Several tests at once: p values such that any false alarm at all is as rare as was asked for."""

from collections.abc import Mapping


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Holm's (1979) step-down adjusted p values, by the same names."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for place, (name, p) in enumerate(sorted(values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, p * (len(values) - place)))
        adjusted[name] = largest
    return adjusted
