"""A claim's facts held against a source's: what agrees, what differs, what is not there.

Each comparison counts into signals, which the learned weights read, and says in words what differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rag.support.facts.bounds import is_opposed
from rag.support.facts.dates import Date
from rag.support.facts.implied import is_implied
from rag.support.facts.opposites import find_opposites
from rag.support.facts.quantities import Quantity
from rag.support.facts.statement import Facts
from rag.support.words import stem


@dataclass(slots=True)
class Comparison:
    """What came out: counts by signal, reasons, and which amounts were taken for the same."""

    signals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    pairs: list[tuple[Quantity, Quantity]] = field(default_factory=list)
    days: list[tuple[Date, Date]] = field(default_factory=list)

    def differ(self, signal: str, reason: str) -> None:
        """Note something that the source says otherwise."""
        self.signals[signal] += 1
        self.differences.append(reason)

    def miss(self, signal: str, reason: str) -> None:
        """Note something that the source does not say."""
        self.signals[signal] += 1
        self.gaps.append(reason)


def compare(
    claim: Facts, own: Facts, near: Facts, homes: Mapping[int, Facts] = MappingProxyType({})
) -> Comparison:
    """`claim` against what the source says itself (`own`) and what stands above it (`near`).

    `homes` has the facts of the one sentence, of several, that speaks of the amount or date at a
    place of the claim: if that sentence says another, the same amount in the next one is no match.
    """
    found = Comparison()
    source = [*own.quantities, *near.quantities]
    for wanted in claim.quantities:
        if wanted.is_vague:
            continue
        home = homes.get(wanted.start)
        speaks = home and _speaks_otherwise(wanted, home.quantities, claim.quantities)
        amounts = home.quantities if home and speaks else source
        _compare_amount(wanted, amounts, claim.quantities, found)
    for date in claim.dates:
        home = homes.get(date.start)
        dates = home.dates if home and home.dates and date.day else own.dates
        _compare_date(date, dates, near.dates, found)
    _compare_names(claim, own, near, found)
    _compare_tone(claim, own, found)
    return found


def _compare_amount(
    wanted: Quantity, source: Sequence[Quantity], claimed: Sequence[Quantity], found: Comparison
) -> None:
    same = [each for each in source if wanted.equals(each)]
    if same:
        _compare_bounds(wanted, max(same, key=lambda each: _nearness(wanted, each)), found)
        return
    if is_implied(wanted, source):
        found.signals["amount implied"] += 1
        return
    units = [each for each in source if wanted.has_value_of(each) and each.measure]
    if units and wanted.measure:
        found.differ("other unit", f"the source says {units[0].words}, not {wanted.words}")
        return
    rivals = [
        each
        for each in source
        if each.kind == wanted.kind
        and not each.is_vague
        and not any(each.equals(other) for other in claimed)
    ]
    if wanted.is_small_count:
        rivals = [each for each in rivals if wanted.beside & each.beside]
    if rivals:
        rival = max(rivals, key=lambda each: len(wanted.beside & each.beside))
        found.differ("other amount", f"the source says {rival.words}, not {wanted.words}")
    elif not wanted.is_small_count and wanted.kind != "version":
        found.miss("amount missing", f"the source does not say {wanted.words}")


def _speaks_otherwise(
    wanted: Quantity, home: Sequence[Quantity], claimed: Sequence[Quantity]
) -> bool:
    """Whether a sentence lacks an amount and has another of its kind that the claim lacks."""
    if any(wanted.equals(each) for each in home):
        return False
    rivals = [
        each
        for each in home
        if not each.is_vague and not any(each.equals(other) for other in claimed)
    ]
    if wanted.measure:
        return any(each.kind == wanted.kind for each in rivals)
    return any(each.measure is None and wanted.beside & each.beside for each in rivals)


def _nearness(wanted: Quantity, other: Quantity) -> tuple[bool, int, bool]:
    is_compatible = not is_opposed(wanted.bound, other.bound)
    return is_compatible, len(wanted.beside & other.beside), wanted.bound == other.bound


def _compare_bounds(wanted: Quantity, same: Quantity, found: Comparison) -> None:
    found.signals["amount agrees"] += 1
    found.pairs.append((wanted, same))
    if is_opposed(wanted.bound, same.bound):
        found.differ("other bound", f"the source says {same.bound}, not {wanted.bound}")
    if wanted.rate and same.rate and wanted.rate != same.rate:
        found.differ("other rate", f"the source says per {same.rate}, not per {wanted.rate}")


def _compare_date(
    wanted: Date, own: Sequence[Date], near: Sequence[Date], found: Comparison
) -> None:
    same = [date for date in (*own, *near) if date.holds(wanted)]
    if same:
        best = max(same, key=lambda date: not is_opposed(wanted.bound, date.bound))
        found.signals["date agrees"] += 1
        found.days.append((wanted, best))
        if is_opposed(wanted.bound, best.bound):
            found.differ("other bound", f"the source says {best.bound}, not {wanted.bound}")
    elif any(date.agrees(wanted) and (date.day or not wanted.day) for date in own):
        found.signals["date agrees"] += 1
    elif any((date.day and wanted.day) or (date.year and wanted.year) for date in own):
        found.differ("other date", "the source names another date")
    elif wanted.month:
        found.miss("date missing", "the source does not name this date")
    else:
        found.signals["year missing"] += 1


def _compare_names(claim: Facts, own: Facts, near: Facts, found: Comparison) -> None:
    lacking = [name for name in claim.names if stem(name) not in own.stems | near.stems]
    others = [name for name in own.names if name not in claim.words]
    found.signals["names lacking"] = len(lacking)
    if lacking and others:
        reason = f"the source speaks of {_shown(others[0])}, not of {_shown(lacking[0])}"
        found.differences.append(reason)
    elif lacking:
        found.gaps.append(f"the source does not speak of {_shown(lacking[0])}")


def _shown(name: str) -> str:
    return name.upper() if any(map(str.isdigit, name)) else name.title()


def _compare_tone(claim: Facts, own: Facts, found: Comparison) -> None:
    said, source = claim.tone, own.tone
    if said.only and not source.only and not source.exception:
        found.differ("only added", "the source does not say only")
    if source.exception and not (said.exception or said.only):
        found.differ("exception left out", "the source makes an exception")
    if said.exception and not (source.exception or source.only or source.denials):
        found.differ("exception added", "the source makes no exception")
    if said.all and not source.all:
        found.signals["all added"] += 1
    if (said.all and source.partly and not source.all) or (said.partly and source.all):
        found.differ("other extent", "the source does not say it of as many")
    for word, opposite in find_opposites(claim.words, own.words):
        found.differ("opposites", f"the source says {opposite}, not {word}")
