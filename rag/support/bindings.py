"""Which amount belongs to which words, which name to which, and what a denial denies.

A claim can hold all of a sentence's numbers and names, and yet exchange them. So the words beside
each are looked up in the source, and it is seen to which number or name they are nearer there.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from rag.ports import Vectors
from rag.support.facts.comparing import Comparison
from rag.support.facts.qualifiers import INNER_DENIAL, Denial, find_denials
from rag.support.reading import Flags, ReadText
from rag.support.words import STOP_WORDS

ALIGNED = 0.3  # cosine from which a word counts as found; chosen
SAME_SENSE = 0.55  # cosine from which it stands for a denied word; chosen
LEAST = 0.2  # weight of the words that are looked up: prepositions too
DECAY = 4.0  # words after which a neighbour counts a third; chosen
FARTHEST = 15.0  # words beyond which distance no longer counts; chosen
SCOPE = 3  # content words after a denial that it denies; chosen
REACH = 7.0  # words as far as a denial reaches at most; chosen
SPOKEN = 0.5  # share of the denied words of which a claim speaks that denies nothing; chosen
STEPS = {",": 4.0, ";": 4.0, ":": 4.0, ".": 8.0, "!": 8.0, "?": 8.0, "and": 2.0, "but": 2.0}
"""How far apart words stand: a comma parts more than a word does."""


class Binding:
    """A claim's words beside those of the units of one window."""

    def __init__(self, claim: ReadText, window: Sequence[ReadText], comparison: Comparison) -> None:
        self._claim = claim
        self._text = " ".join(each.text for each in window)
        self._words = [word for each in window for word in each.words]
        self._stems = [s for each in window for s in each.stems]
        self._is_content = np.concatenate([each.is_content for each in window])
        self._starts = _starts(window)
        self._comparison = comparison
        similar = claim.vectors @ np.concatenate([each.vectors for each in window]).T
        self._at = similar.argmax(axis=1)
        self._similar: Vectors = similar.max(axis=1)
        self._here, self._there = _places(claim.words), _places(self._words)

    def amounts_swapped(self) -> float:
        """How many words nearer the claim's amounts would stand if two were exchanged."""
        pairs = [
            (self._claim.place(one.start), self._find(two.start), one.kind)
            for one, two in self._comparison.pairs
            if self._text[two.start : two.end].strip() == two.words
        ]
        pairs += [
            (self._claim.place(one.start), self._find(two.start), "date")
            for one, two in self._comparison.days
            if two.end <= len(self._text)
        ]
        is_fact = np.zeros(len(self._claim.words), dtype=np.bool_)
        for one in [p for p, _ in self._comparison.pairs] + [d for d, _ in self._comparison.days]:
            is_fact[self._claim.place(one.start) : self._claim.place(one.end - 1) + 1] = True
        return self._most_gained(pairs, is_fact)

    def names_swapped(self) -> float:
        """The same of names that stand once in the source."""
        pairs = []
        is_name = np.zeros(len(self._claim.words), dtype=np.bool_)
        for at, (word, stem) in enumerate(zip(self._claim.words, self._claim.stems, strict=True)):
            if (
                word[0].isupper()
                and word.lower() not in STOP_WORDS
                and self._stems.count(stem) == 1
            ):
                pairs.append((at, self._stems.index(stem), "name"))
                is_name[at] = True
        apart = [
            (one, two)
            for one, two in combinations(pairs, 2)
            if two[0] - one[0] > 1 and one[1] != two[1]
        ]
        return max((self._gain(one, two, is_name) for one, two in apart), default=0.0)

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
        counts = (self._similar > ALIGNED) & ~leaves_out & (self._claim.weights > LEAST)
        nearness = np.exp(-np.abs(self._here - self._here[place]) / DECAY)
        weights = self._claim.weights * self._similar * nearness * counts
        far = np.minimum(np.abs(self._there[self._at] - self._there[source]), FARTHEST)
        return float(weights @ far / max(ALIGNED, float(weights.sum())))

    def denial_differs(self, denials: Sequence[Denial]) -> bool:
        """Whether one of both denies what the other says, as far as the claim speaks of it."""
        own = len(find_denials(self._claim.text))
        share = 0.0 if own else SPOKEN
        other = sum(self._is_spoken_of(denial, share) for denial in denials)
        if (own > 0) == (other > 0):
            return False
        answers = INNER_DENIAL.findall(self._text if own else self._claim.text)
        answered = self._claim.text if own else self._text
        return all(word.lower() in answered.lower() for word in answers)

    def _is_spoken_of(self, denial: Denial, share: float) -> bool:
        place = self._find(denial.start)
        content = np.flatnonzero(self._is_content)
        apart = self._there[content] - self._there[place]
        after = content[(content > place) & (apart <= REACH)][:SCOPE]
        before = content[(content < place) & (apart >= -SCOPE)][-1:]
        scope = {int(at) for at in (*after, *before)}
        said = np.flatnonzero(self._claim.is_content)
        stems = {self._claim.stems[at] for at in said}
        meant = {int(self._at[at]) for at in said if self._similar[at] > SAME_SENSE}
        spoken = sum(at in meant or self._stems[at] in stems for at in scope)
        return spoken > 0 and spoken >= share * len(scope)

    def _find(self, start: int) -> int:
        """The number of the window's word at character `start` of its text."""
        return max(0, int(np.searchsorted(self._starts, start, side="right")) - 1)


def _starts(window: Sequence[ReadText]) -> Vectors:
    """Where each word begins in the units' texts joined by spaces."""
    starts, offset = [], 0
    for each in window:
        starts += [offset + span.start for span in each.spans]
        offset += len(each.text) + 1
    return np.array(starts, dtype=np.float32)


def _places(words: Sequence[str]) -> Vectors:
    steps = [STEPS.get(word.lower(), 1.0 if word.isalnum() else 0.0) for word in words]
    return np.cumsum(np.array(steps, dtype=np.float32))
