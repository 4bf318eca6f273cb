"""Which amount belongs to which words, which name to which, and what a denial denies.

A claim can hold all of a sentence's numbers and names, and yet exchange them. So the words beside
each are looked up in the source, and it is seen to which number or name they are nearer there.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from itertools import chain, combinations, groupby
from typing import NamedTuple

import numpy as np

from rag.support.facts.comparing import Comparison
from rag.support.facts.dates import Date
from rag.support.facts.qualifiers import INNER_DENIAL, Denial, find_denials
from rag.support.facts.quantities import Quantity
from rag.support.facts.statement import Facts
from rag.support.reading import Flags
from rag.support.relations.aligned import SAME_SENSE, Aligned
from rag.support.words import STOP_WORDS

ALIGNED = 0.3  # cosine from which a word counts as found; chosen
LEAST = 0.2  # weight of the words that are looked up: prepositions too
DECAY = 4.0  # words after which a neighbour counts a third; chosen
FARTHEST = 15.0  # words beyond which distance no longer counts; chosen
SCOPE = 3  # content words after a denial that it denies; chosen
REACH = 7.0  # words as far as a denial reaches at most; chosen
SPOKEN = 0.5  # share of the denied words of which a claim speaks that denies nothing; chosen
PARTED, STEP, APART = 4.0, 0.4, 9.0  # of a clause, of a word, and at most; chosen
OTHER_CLAUSE = 0.3  # what a word of another clause counts; chosen


class _Item(NamedTuple):
    """An amount or a name: from where to where it stands in the claim, its places in the source."""

    place: int
    end: int
    found: frozenset[int]


class Binding:
    """A claim's words beside those of the units of one window."""

    def __init__(self, aligned: Aligned, comparison: Comparison) -> None:
        self._aligned = aligned
        self._claim = aligned.claim
        self._comparison = comparison

    def amounts_swapped(self) -> float:
        """How many words nearer the claim's amounts would stand if two were exchanged."""
        pairs = [
            (self._claim.place(one.start), self._aligned.find(two.start), one.kind)
            for one, two in self._comparison.pairs
            if self._aligned.text[two.start : two.end].strip() == two.words
        ]
        pairs += [
            (self._claim.place(one.start), self._aligned.find(two.start), "date")
            for one, two in self._comparison.days
            if two.end <= len(self._aligned.text)
        ]
        facts = (
            [one for one, _ in self._comparison.pairs],
            [one for one, _ in self._comparison.days],
        )
        is_fact = self._flags(chain(*facts))
        return self._most_gained(pairs, is_fact)

    def names_swapped(self) -> float:
        """The same of names that stand once in the source."""
        pairs = []
        is_name = np.zeros(len(self._claim.words), dtype=np.bool_)
        for at, (word, stem) in enumerate(zip(self._claim.words, self._claim.stems, strict=True)):
            if (
                word[0].isupper()
                and word.lower() not in STOP_WORDS
                and self._aligned.stems.count(stem) == 1
            ):
                pairs.append((at, self._aligned.stems.index(stem), "name"))
                is_name[at] = True
        apart = [
            (one, two)
            for one, two in combinations(pairs, 2)
            if two[0] - one[0] > 1 and one[1] != two[1]
        ]
        return max((self._gain(one, two, is_name) for one, two in apart), default=0.0)

    def amounts_exchanged(self, own: Facts) -> float:
        """How much nearer the words of the same clauses would be with two amounts exchanged."""
        pairs = [
            (one, two)
            for one, two in self._comparison.pairs
            if self._aligned.text[two.start : two.end].strip() == two.words
        ]
        days = [
            (one, two) for one, two in self._comparison.days if two.end <= len(self._aligned.text)
        ]
        kinds: dict[str, list[_Item]] = defaultdict(list)
        for one, two in pairs:
            found = (q.start for q in own.quantities if q.equals(two))
            kinds[two.kind].append(self._item(one, found))
        for day, _ in days:
            held = (date.start for date in own.dates if date.holds(day))
            kinds["date"].append(self._item(day, held))
        return max((self._most_exchanged(items) for items in kinds.values()), default=0.0)

    def names_exchanged(self) -> float:
        """The same of names of one or several words."""
        source = _name_runs(self._aligned.words)
        items = []
        for run in _name_runs(self._claim.words):
            known = {self._claim.stems[at] for at in run}
            found = (r[0] for r in source if known & {self._aligned.stems[at] for at in r})
            items.append(_Item(run[0], run[-1] + 1, frozenset(found)))
        return self._most_exchanged(items)

    def _most_gained(self, pairs: Sequence[tuple[int, int, str]], leaves_out: Flags) -> float:
        same_kind = [
            (one, two)
            for one, two in combinations(pairs, 2)
            if (one[2] == two[2] or "count" in (one[2], two[2])) and one[1] != two[1]
        ]
        return max((self._gain(one, two, leaves_out) for one, two in same_kind), default=0.0)

    def _gain(
        self, one: tuple[int, int, str], two: tuple[int, int, str], leaves_out: Flags
    ) -> float:
        as_it_is = self._distance(one[0], one[1], leaves_out) + self._distance(
            two[0], two[1], leaves_out
        )
        exchanged = self._distance(one[0], two[1], leaves_out) + self._distance(
            two[0], one[1], leaves_out
        )
        return as_it_is - exchanged

    def _distance(self, place: int, source: int, leaves_out: Flags) -> float:
        """How far from `source` the words stand that are beside `place` in the claim."""
        counts = (self._aligned.similar > ALIGNED) & ~leaves_out & (self._claim.weights > LEAST)
        nearness = np.exp(-np.abs(self._aligned.here - self._aligned.here[place]) / DECAY)
        weights = self._claim.weights * self._aligned.similar * nearness * counts
        far = np.minimum(
            np.abs(self._aligned.there[self._aligned.at] - self._aligned.there[source]), FARTHEST
        )
        return float(weights @ far / max(ALIGNED, float(weights.sum())))

    def denial_differs(self, denials: Sequence[Denial]) -> bool:
        """Whether one of both denies what the other says, as far as the claim speaks of it."""
        own = len(find_denials(self._claim.text))
        share = 0.0 if own else SPOKEN
        other = sum(self._is_spoken_of(denial, share) for denial in denials)
        if (own > 0) == (other > 0):
            return False
        texts = (self._aligned.text, self._claim.text)
        answering, answered = texts if own else reversed(texts)
        answers = INNER_DENIAL.findall(answering)
        return all(word.lower() in answered.lower() for word in answers)

    def _is_spoken_of(self, denial: Denial, share: float) -> bool:
        place = self._aligned.find(denial.start)
        content = np.flatnonzero(self._aligned.is_content)
        apart = self._aligned.there[content] - self._aligned.there[place]
        after = content[(content > place) & (apart <= REACH)][:SCOPE]
        before = content[(content < place) & (apart >= -SCOPE)][-1:]
        scope = {int(at) for at in (*after, *before)}
        said = np.flatnonzero(self._claim.is_content)
        stems = {self._claim.stems[at] for at in said}
        near = self._aligned.similar > SAME_SENSE
        meant = {int(self._aligned.at[at]) for at in said if near[at]}
        spoken = sum(at in meant or self._aligned.stems[at] in stems for at in scope)
        return spoken > 0 and spoken >= share * len(scope)

    def _most_exchanged(self, items: Sequence[_Item]) -> float:
        most = 0.0
        for one, two in combinations(items, 2):
            ones, twos = one.found - two.found, two.found - one.found
            if ones and twos and one.place != two.place:
                leaves_out = np.zeros(len(self._claim.words), dtype=np.bool_)
                leaves_out[[*range(one.place, one.end), *range(two.place, two.end)]] = True
                gain = self._excess(one.place, ones, twos, leaves_out)
                most = max(most, gain + self._excess(two.place, twos, ones, leaves_out))
        return most

    def _excess(self, place: int, own: Set[int], others: Set[int], leaves_out: Flags) -> float:
        """How much farther in the source the words beside `place` are from `own` than `others`."""
        excess = total = 0.0
        for at in np.flatnonzero(self._claim.is_content & ~leaves_out):
            known = self._aligned.occurrences[at]
            if not known:
                continue
            weight = float(self._claim.weights[at] * self._aligned.similar[at])
            weight *= float(
                np.exp(-abs(self._aligned.here[at] - self._aligned.here[place]) / DECAY)
            )
            if self._aligned.claimed_clauses[at] != self._aligned.claimed_clauses[place]:
                weight *= OTHER_CLAUSE
            excess += weight * (self._nearest(known, own) - self._nearest(known, others))
            total += weight
        return excess / max(ALIGNED, total)

    def _nearest(self, places: Sequence[int], items: Set[int]) -> float:
        clauses = self._aligned.clauses
        return min(
            min(APART, PARTED * abs(int(clauses[one] - clauses[two])) + STEP * abs(one - two))
            for one in places
            for two in items
        )

    def _item(self, fact: Quantity | Date, found: Iterable[int]) -> _Item:
        places = frozenset(self._aligned.find(each) for each in found)
        return _Item(self._claim.place(fact.start), self._claim.place(fact.end - 1) + 1, places)

    def _flags(self, facts: Iterable[Quantity | Date]) -> Flags:
        """The claim's words that are part of these amounts and dates."""
        found = np.zeros(len(self._claim.words), dtype=np.bool_)
        for one in facts:
            found[self._claim.place(one.start) : self._claim.place(one.end - 1) + 1] = True
        return found


def _name_runs(words: Sequence[str]) -> list[list[int]]:
    """Neighbouring words with a capital, by their numbers."""
    is_name = [word[0].isupper() and word.lower() not in STOP_WORDS for word in words]
    runs = groupby(range(len(words)), key=is_name.__getitem__)
    return [list(places) for named, places in runs if named]
