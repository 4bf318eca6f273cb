"""Where evidence speaks of a claim: the neighbouring units of it that carry the claim best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.domain import Span
from rag.ports import Evidence
from rag.support.evidence_units import Unit, list_runs, list_windows, split_units
from rag.support.words import terms_of, weigh_terms

CONTEXT_SHARE = 0.5  # chosen: a word of the heading counts half of one that stands there itself
WORTH_A_UNIT = 0.08  # chosen: a unit that adds less of the claim's words is left out


@dataclass(frozen=True, slots=True)
class Window:
    """One to three neighbouring units of one text, headings and questions aside."""

    evidence: int
    units: tuple[Unit, ...]

    @property
    def span(self) -> Span:
        """From the first unit to the last."""
        return Span(self.units[0].span.start, self.units[-1].span.end)

    @property
    def text(self) -> str:
        """What the units say, in words."""
        return " ".join(unit.text for unit in self.units)


class AlignedEvidence:
    """Texts that claims are aligned with, taken apart once."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._units = [split_units(each) for each in evidence]
        self._texts = [each.text for each in evidence]

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        return weigh_terms(terms_of(unit.text) for units in self._units for unit in units)

    def windows(self, index: int) -> list[Window]:
        """All windows of one text, narrow ones first."""
        return [
            Window(index, tuple(run[at] for at in places))
            for run in list_runs(self._units[index])
            for places in list_windows(run)
        ]

    def best_quote(self, claim: str, index: int) -> Span:
        """The one to three neighbouring sentences of text `index` that carry the claim best.

        A heading or a question alone is given only where there is nothing else.
        """
        wanted = terms_of(claim)
        windows = self.windows(index)
        if not windows:
            text = self._texts[index]
            start = len(text) - len(text.lstrip())
            return Span(start, max(start, len(text.rstrip())))
        return max(windows, key=lambda window: self._fit(wanted, window)).span

    def _fit(self, wanted: set[str], window: Window) -> float:
        """The share of the claim's words that stand there, less a cost of each further unit."""
        total = sum(self._weights.get(term, 1.0) for term in wanted) or 1.0
        own = terms_of(window.text) & wanted
        near = (terms_of(window.units[0].context) & wanted) - own
        found = sum(self._weights.get(term, 1.0) for term in own)
        found += CONTEXT_SHARE * sum(self._weights.get(term, 1.0) for term in near)
        return found / total - WORTH_A_UNIT * len(window.units)
