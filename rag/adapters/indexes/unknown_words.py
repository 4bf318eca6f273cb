"""Words of a question that no chunk holds, read as the nearest that some do.

A word may be mistyped, run together with another or parted, or stand in a form that the stemmer
does not know. A right word of the language is never taken for a mistyped one. Only terms of chunks
that the reader may see are known here.
"""

import re
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from itertools import pairwise
from math import log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from rag.adapters.indexes.lexicons import load_lexicon

MISTYPED = 0.8  # chosen: .7 to .9 find the same within .01, see docs/decisions/unknown-words.md
AKIN = 0.5  # chosen: at .8 two more of 472 questions on foreign topics were answered
MAX_TERMS = 512  # chosen: a bound for questions that are pasted texts
MAX_UNKNOWN = 16  # chosen: a bound for the time of pasted texts in another language
MISTYPED_ALONE = 2  # chosen: where more, and most words, are unknown, they are another language's
CACHED_QUESTIONS = 256  # chosen: one search reads its question three times
SHORTEST, LONG = 4, 8  # letters of a word that is looked for with one typing error, and with two
LONGEST = 40  # chosen: letters of a word that is looked for at all; few compounds have more
SHORTEST_PART = 3  # chosen: letters of the words in one; two fit nearly everywhere
COMMON, REST = 5, 3  # letters that two forms of a word share at least, and have over together
LETTERS = 40  # chosen: more than most alphabets have
WORD = re.compile(r"[^\W_]+")

Analyze = Callable[[str], list[str]]
Terms = tuple[str, ...]


class Reading(NamedTuple):
    """What an unknown term is read as, and whether it is an error, else a right word."""

    terms: Terms
    is_error: bool

    def shares(self, term: str) -> dict[str, float]:
        """What to search for in place of `term`, with the share of its weight."""
        if self.is_error:
            return dict.fromkeys(self.terms, MISTYPED)
        return {term: 1 - AKIN} | dict.fromkeys(self.terms, AKIN)


class QuestionReader:
    """Tells what to search for: the terms of a question, unknown ones as what they are read as.

    `count` gives the number of chunks that hold a term, `vocabulary` all terms with that number.
    Safe to share between threads.
    """

    def __init__(
        self,
        analyze: Analyze,
        language: str,
        count: Callable[[str], int],
        vocabulary: Callable[[], Iterable[tuple[str, int]]],
    ) -> None:
        self.shares = lru_cache(CACHED_QUESTIONS)(self._shares)
        self._analyze = analyze
        self._language = language
        self._count = count
        self._load = vocabulary

    @property
    def _lexicon(self) -> Set[str]:
        return load_lexicon(self._language)

    @cached_property
    def _vocabulary(self) -> "Vocabulary":
        return Vocabulary(self._load(), self._lexicon)

    def _shares(self, text: str) -> Mapping[str, float]:
        """Each distinct term to search for, with the share of its weight that it counts with.

        A right word that is read as others is still missed, by the share that they do not have.
        """
        readings = self.read(text)
        shares: dict[str, float] = {}
        for term in self._terms(text):
            counted = readings[term].shares(term) if term in readings else {term: 1.0}
            for each, share in counted.items():
                shares[each] = max(share, shares.get(each, share))
        return shares

    def read(self, text: str) -> dict[str, Reading]:
        """What the unknown terms of `text` are read as, where anything is near."""
        terms, unknown = self._terms(text), self.unknown(text)[:MAX_UNKNOWN]
        if not unknown:
            return {}
        words = WORD.findall(text.lower())
        written = {term: word for word in words for term in self._analyze(word)}
        joined = dict(self._join(words))
        wrong = {term for term in unknown if written.get(term, term) not in self._lexicon}
        if len(wrong) > max(MISTYPED_ALONE, len(terms) // 2):
            wrong = set()
        found = {}
        for term in unknown:
            read = joined.get(term) or self._read_word(written.get(term, term), term, term in wrong)
            if read:
                found[term] = Reading(read, term in wrong or term in joined)
        return found

    def unknown(self, text: str) -> list[str]:
        """The distinct terms of `text` that no chunk holds."""
        return [term for term in self._terms(text) if not self._count(term)]

    def _terms(self, text: str) -> list[str]:
        return list(dict.fromkeys(self._analyze(text)[:MAX_TERMS]))

    def _join(self, words: Sequence[str]) -> Iterator[tuple[str, Terms]]:
        """The terms of two words that are a known one if nothing stands between them."""
        for word, after in pairwise(words):
            if len(word + after) >= LONG:
                whole = tuple(self._analyze(word + after))
                if len(whole) == 1 and self._count(*whole):
                    yield from ((term, whole) for term in self._analyze(f"{word} {after}"))

    def _read_word(self, word: str, term: str, is_wrong: bool) -> Terms:
        if not word.isalpha() or len(term) < SHORTEST or len(word) > LONGEST:
            return ()
        return (
            self._split(word, SHORTEST)
            or (self._correct(word, term) if is_wrong else ())
            or self._vocabulary.other_form(term)
        )

    def _correct(self, word: str, term: str) -> Terms:
        vocabulary = self._vocabulary
        meant = _undo_error(word, vocabulary.letters)
        return (
            vocabulary.choose(word, self._analyze_each(meant))
            or self._split(word, SHORTEST_PART)
            or vocabulary.choose(word, vocabulary.mistyped(term) if len(word) >= LONG else ())
        )

    def _analyze_each(self, words: Collection[str]) -> Iterable[tuple[str, str]]:
        """Words with their terms, by one call of the analyzer where it leaves none out."""
        terms = self._analyze(" ".join(words))
        if len(terms) == len(words):
            return zip(words, terms, strict=True)
        return ((word, term) for word in words for term in self._analyze(word))

    def _split(self, word: str, shortest: int) -> Terms:
        """The two words, or the one beside a stop word, that `word` is made of."""
        found = []
        for at in range(shortest, len(word) - shortest + 1):
            parts = (*self._analyze(word[:at]), *self._analyze(word[at:]))
            counts = [self._count(part) if len(part) >= shortest else 0 for part in parts]
            if parts and all(counts):
                found.append((sum(map(log, counts)), parts))
        return max(found)[1] if found else ()


class Vocabulary:
    """The terms that are known, in order, and those near to a word."""

    def __init__(self, counts: Iterable[tuple[str, int]], lexicon: Set[str]) -> None:
        self._lexicon = lexicon
        self._counts = {
            term: count
            for term, count in counts
            if count and len(term) >= SHORTEST_PART and term.isalpha()
        }
        self._terms = sorted(self._counts)
        self._lengths = np.array([len(term) for term in self._terms], dtype=np.int64)
        self._letters = _letters(self._terms)
        self.letters = [each for each, _ in Counter("".join(self._terms)).most_common(LETTERS)]

    def choose(self, word: str, others: Iterable[tuple[str, str]]) -> Terms:
        """The best known term of other words.

        Those come first that have the same letters, then the same first one, then those that are
        words and not only stemmed to a known term, then the more frequent.
        """
        letters = sorted(word)
        known = [
            (
                sorted(other) != letters,
                other[0] != word[0],
                other != term and other not in self._lexicon,
                -self._counts[term],
                term,
            )
            for other, term in others
            if term in self._counts
        ]
        return (min(known)[-1],) if known else ()

    def mistyped(self, term: str) -> list[tuple[str, str]]:
        """The terms with the same first letter that are at most two typing errors away.

        Most others are told by their letters, at once.
        """
        place = self._find(term[0])
        own, letters = _letters([term])[0], self._letters[place]
        near = np.abs(self._lengths[place] - len(term)) <= 2
        near &= np.bitwise_count(letters & ~own) <= 2
        near &= np.bitwise_count(~letters & own) <= 2
        maybe = [self._terms[place.start + at] for at in np.flatnonzero(near)]
        found = process.extract(term, maybe, scorer=OSA.distance, score_cutoff=2, limit=None)
        return [(other, other) for other, _, _ in found]

    def other_form(self, term: str) -> Terms:
        """The term with the same beginning that has the least over, if it has little.

        Where both have something over, they share a letter more for each of the shorter rest.
        """
        beginning = term[: max(COMMON, len(term) - REST)]
        found = []
        for other in self._terms[self._find(beginning)]:
            common = Prefix.similarity(term, other)
            rests = len(term) - common, len(other) - common
            if sum(rests) <= REST and common - min(rests) >= COMMON:
                found.append((sum(rests), -self._counts[other], other))
        return (min(found)[2],) if found else ()

    def _find(self, beginning: str) -> slice:
        """Where the terms with this beginning are."""
        end = bisect_left(self._terms, beginning + chr(sys.maxunicode))
        return slice(bisect_left(self._terms, beginning), end)


def _undo_error(word: str, letters: Sequence[str]) -> set[str]:
    """All that `word` is with two letters swapped, or with one more, one less or another.

    The first letter of a short word is taken to be right, or swapped.
    """
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    typed = parts if len(word) >= LONG else parts[1:]
    meant = {a + b[1:2] + b[:1] + b[2:] for a, b in parts} | {a + b[1:] for a, b in typed}
    meant.update(
        a + letter + b[skipped:] for a, b in typed for letter in letters for skipped in (0, 1)
    )
    return {each for each in meant if len(each) >= SHORTEST}


def _letters(words: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Which letters each word has, as bits."""
    codes = np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32)
    starts = np.cumsum([0, *(len(word) for word in words[:-1])])
    bits = np.left_shift(np.uint32(1), codes % 32, dtype=np.uint32)
    return np.bitwise_or.reduceat(bits, starts) if words else bits
