"""What is watched: a detector is a value of an exchange, None where it has none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.drift.findings import Finding
from evals.statistics.correction import holm
from evals.statistics.discrepancy import (
    Difference,
    gaussian_kernel,
    larger,
    mmd,
    more_often,
    novel,
    novelty,
    witness,
)
from evals.statistics.paired import Numbers
from rag.journal.exchange import Exchange

ALPHA = 0.05  # of false alarms over all detectors, the usual one
LEAST = 50  # values of each window; 50 questions of another topic were found in 100 of 100 trials
MOST_EXAMPLES = 5  # chosen: enough to see what is new


@dataclass(frozen=True, slots=True)
class Detector:
    """A number of each exchange, or with `is_share` whether something is so."""

    explanation: str
    value: Callable[[Exchange], float | None]
    is_share: bool = False


def _has_doubt(exchange: Exchange) -> float | None:
    if exchange.status == "abstained" or not exchange.verdicts:
        return None
    return float(any(exchange.verdicts.get(each) for each in ("differs", "unsupported")))


def _is_status(wanted: str) -> Callable[[Exchange], float | None]:
    return lambda exchange: float(exchange.status == wanted) if exchange.status else None


def _timing(name: str) -> Callable[[Exchange], float | None]:
    return lambda exchange: exchange.timings_ms.get(name)


DETECTORS: Mapping[str, Detector] = {
    "confidence": Detector("how likely the hits hold an answer", lambda e: e.confidence),
    "best_score": Detector("score of the best hit", lambda e: e.hits[0].score if e.hits else None),
    "no_hits": Detector(
        "nothing was found", lambda e: None if e.hits is None else float(not e.hits), is_share=True
    ),
    "abstained": Detector("no answer was given", _is_status("abstained"), is_share=True),
    "partial": Detector("a part was not answered", _is_status("partial"), is_share=True),
    "doubtful": Detector("a sentence that no source supports", _has_doubt, is_share=True),
    "answer_length": Detector(
        "characters of an answer",
        lambda e: None if e.status == "abstained" else e.characters,
    ),
    "latency": Detector("milliseconds to the end of an answer", _timing("total")),
    "search_latency": Detector("milliseconds to the end of its search", _timing("search")),
    "disliked": Detector(
        "feedback was bad",
        lambda e: None if e.rating is None else float(e.rating < 0),
        is_share=True,
    ),
}


def detect(
    reference: Sequence[Exchange], current: Sequence[Exchange], squared: Numbers
) -> tuple[Finding, ...]:
    """Every detector's finding; `squared` are distances of the stand-alone questions, in order."""
    found = [
        *_compare_questions(len(alone(reference)), len(alone(current)), squared),
        *(_compare(name, reference, current) for name in DETECTORS),
    ]
    told = {each.name: each.difference.p for each in found if each.difference}
    adjusted = holm(told)
    return tuple(
        replace(each, adjusted=adjusted[each.name], alarm=adjusted[each.name] <= ALPHA)
        if each.name in adjusted
        else each
        for each in found
    )


def alone(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Without follow-ups, whose words alone do not say what is asked."""
    return [each for each in exchanges if not each.is_follow_up]


def find_examples(current: Sequence[Exchange], squared: Numbers) -> tuple[str, ...]:
    """The current questions that differ most from the reference, novel ones first."""
    asked = alone(current)
    first = len(squared) - len(asked)
    is_novel = novel(squared, first)
    unlike = witness(gaussian_kernel(squared), first)
    order = sorted(range(len(asked)), key=lambda row: (not is_novel[row], -unlike[row]))
    return tuple(dict.fromkeys(asked[row].question for row in order))[:MOST_EXAMPLES]


def _compare_questions(reference_n: int, current_n: int, squared: Numbers) -> list[Finding]:
    moved = Finding("questions", "what is asked about", reference_n, current_n)
    new = Finding("novel", "a question unlike any before", reference_n, current_n)
    if note := _tell_too_few(reference_n, current_n):
        return [replace(moved, note=note), replace(new, note=note)]
    difference = novelty(squared, reference_n)
    return [
        replace(moved, difference=mmd(gaussian_kernel(squared), reference_n)),
        replace(new, current=difference.effect, difference=difference),
    ]


def _compare(name: str, reference: Sequence[Exchange], current: Sequence[Exchange]) -> Finding:
    detector = DETECTORS[name]
    before, after = (_values(detector, window) for window in (reference, current))
    finding = Finding(name, detector.explanation, len(before), len(after))
    if note := _tell_too_few(len(before), len(after)):
        return replace(finding, note=note)
    middle = np.mean if detector.is_share else np.median
    return replace(
        finding,
        reference=float(middle(before)),
        current=float(middle(after)),
        difference=_measure(detector, before, after),
    )


def _measure(detector: Detector, before: Numbers, after: Numbers) -> Difference:
    if detector.is_share:
        return more_often(before > 0, after > 0)
    return larger(before, after)


def _values(detector: Detector, window: Sequence[Exchange]) -> Numbers:
    values = (detector.value(exchange) for exchange in window)
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _tell_too_few(reference_n: int, current_n: int) -> str:
    if min(reference_n, current_n) >= LEAST:
        return ""
    return f"insufficient data: {reference_n} and {current_n} values, {LEAST} each are needed"
