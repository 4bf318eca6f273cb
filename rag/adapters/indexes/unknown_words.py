"""Words of a question that a release lacks, read as the nearest of those that it has.

Nearest are the words a typing error away, then the two words that were run together or the one that
was parted, then other forms of the word. Whatever is read is a word that the reader may see.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from math import log

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from rag.ports import Reading

MAX_TERMS = 512  # chosen: a bound for questions that are pasted texts
MAX_UNKNOWN = 16  # chosen: a question of more is in another language, or no question
CACHED_QUESTIONS = 256  # chosen: each is read three times by one search
WORD = re.compile(r"[^\W_]+")
SHORTEST, LONG = 4, 8  # letters of a word that may hold one typing error, and two
SHORTEST_PART = 3  # chosen: of a word made of two; shorter ones fit nearly everything
COMMON, REMAINDER = 5, 3  # letters that two forms of a word share at least, and have over at most
SHARE = 0.7

Analyze = Callable[[str], list[str]]


class QuestionReader:
    """Finds what to search for: the terms of a question, unknown ones read as their nearest.

    `count` tells how many chunks that may be seen hold a term, `vocabulary` all terms that any of
    them holds, with that number. Safe to share between threads.
    """

    def __init__(
        self,
        analyze: Analyze,
        count: Callable[[str], int],
        vocabulary: Callable[[], Iterable[tuple[str, int]]],
    ) -> None:
        self.shares = lru_cache(CACHED_QUESTIONS)(self._shares)
        self._analyze = analyze
        self._count = count
        self._load = vocabulary

    @cached_property
    def _vocabulary(self) -> "Vocabulary":
        return Vocabulary(self._load())

    def _shares(self, text: str) -> Mapping[str, float]:
        """Each distinct term to search for, with the share of its weight that it counts with."""
        terms = list(dict.fromkeys(self._analyze(text)[:MAX_TERMS]))
        readings = self._read(text, terms)
        shares: dict[str, float] = {}
        for term in terms:
            for each in readings[term].terms if term in readings else (term,):
                share = readings[term].share if term in readings else 1.0
                shares[each] = max(share, shares.get(each, 0.0))
        return shares

    def readings(self, text: str) -> dict[str, Reading]:
        """What the unknown terms of `text` are read as, where anything is near."""
        return self._read(text, dict.fromkeys(self._analyze(text)[:MAX_TERMS]))

    def _read(self, text: str, terms: Iterable[str]) -> dict[str, Reading]:
        unknown = {term for term in terms if not self._count(term)}
        if not unknown or len(unknown) > MAX_UNKNOWN:
            return {}
        words = WORD.findall(text.lower())
        written = {term: word for word in words for term in self._analyze(word) if term in unknown}
        joined = dict(self._join(words))
        read = {
            term: joined.get(term) or self._nearest(written.get(term, term), term)
            for term in unknown
        }
        return {term: Reading(found, SHARE) for term, found in read.items() if found}

    def _join(self, words: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The unknown terms that are a known one together with the word beside them."""
        for word, after in pairwise(words):
            whole = self._analyze(word + after)
            if len(word + after) >= LONG and len(whole) == 1 and self._count(whole[0]):
                for term in self._analyze(f"{word} {after}"):
                    yield term, (whole[0],)

    def _nearest(self, word: str, term: str) -> tuple[str, ...]:
        if not word.isalpha() or len(term) < SHORTEST:
            return ()
        vocabulary = self._vocabulary
        near = [*self._retype(word), *vocabulary.mistyped(term, 1)]
        if near:
            return (min(near, key=lambda each: (each[0] != word[0], -self._count(each), each)),)
        if parts := self._split(word):
            return parts
        if len(word) >= LONG and (near := vocabulary.mistyped(term, 2)):
            return (min(near, key=lambda each: (each[0] != word[0], -self._count(each), each)),)
        return vocabulary.other_form(term)

    def _retype(self, word: str) -> Iterator[str]:
        """Known terms of the words that `word` is with two letters swapped, or one left out."""
        for at in range(len(word)):
            for typed in (
                word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
                word[:at] + word[at + 1 :],
            ):
                for term in self._analyze(typed):
                    if len(term) >= SHORTEST and self._count(term):
                        yield term

    def _split(self, word: str) -> tuple[str, ...]:
        best: tuple[float, tuple[str, ...]] = (-1.0, ())
        for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            parts = [*self._analyze(word[:at]), *self._analyze(word[at:])]
            if parts and all(self._count(part) for part in parts):
                best = max(best, (sum(log(self._count(part)) for part in parts), tuple(parts)))
        return best[1]


class Vocabulary:
    """All terms that may be read, in order, and the near ones of any word."""

    def __init__(self, counts: Iterable[tuple[str, int]]) -> None:
        self._counts = {
            term: count
            for term, count in counts
            if count and len(term) >= SHORTEST and term.isalpha()
        }
        self._terms = sorted(self._counts)
        self._lengths = np.array([len(term) for term in self._terms], dtype=np.int16)
        self._letters = np.array([_letters(term) for term in self._terms], dtype=np.uint32)

    def mistyped(self, term: str, errors: int) -> list[str]:
        """The terms that are at most so many typing errors away."""
        letters = np.uint32(_letters(term))
        near = np.abs(self._lengths - len(term)) <= errors
        near &= np.bitwise_count(self._letters & ~letters) <= errors
        near &= np.bitwise_count(~self._letters & letters) <= errors
        maybe = [self._terms[at] for at in np.flatnonzero(near)]
        found = process.extract(
            term, maybe, scorer=OSA.distance, score_cutoff=errors, limit=None, processor=None
        )
        least = min((distance for _, distance, _ in found), default=0)
        return [word for word, distance, _ in found if distance == least]

    def other_form(self, term: str) -> tuple[str, ...]:
        """The term that shares most of its beginning, with little over on either side."""
        beginning = term[: max(COMMON, len(term) - REMAINDER)]
        if len(beginning) < COMMON:
            return ()
        best: tuple[int, int, int, str] | None = None
        for at in range(bisect_left(self._terms, beginning), len(self._terms)):
            other = self._terms[at]
            if not other.startswith(beginning):
                break
            common = Prefix.similarity(term, other)
            if len(other) - common <= REMAINDER:
                key = (-common, len(other), -self._counts[other], other)
                best = min(best or key, key)
        return (best[3],) if best else ()


def _letters(term: str) -> int:
    """Which letters a term holds, as bits, so that most others are told from it at once."""
    bits = 0
    for letter in set(term):
        bits |= 1 << ord(letter) % 32
    return bits
