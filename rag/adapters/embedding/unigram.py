"""The unigram tokenizer of XLM-R: each word in the likeliest pieces.

Its 250,002 pieces take 250 MB and half a second in the library tokenizers, 70 MB and a third of
the time as one dictionary. A word's pieces do not depend on its neighbours, so those of common
words are kept: a passage then takes a tenth of the library's time, new words twice its time.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

WORD_START = "\u2581"
SPACES = re.compile(" {2,}")
UNKNOWN_PENALTY = 10.0  # under the least likely piece, for a character in none: sentencepiece's
KEPT_WORDS = 32_768  # chosen: 500,000 characters of medicine have 15,000 different ones
KEPT_CHARACTERS = 32  # longest word to be kept, chosen so that odd input takes 20 MB at most


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces by their number, each with its logarithmic probability.

    `first`, `last` and `unknown` are special. `changes` says what is read instead of single
    characters, by code point.
    """

    numbers: Mapping[str, int]
    scores: Sequence[float]
    first: int
    last: int
    unknown: int
    changes: Mapping[int, str]


class UnigramTokenizer:
    """Tokens by a vocabulary with probabilities."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._longest = max(map(len, vocabulary.numbers))
        self._unknown_score = min(vocabulary.scores) - UNKNOWN_PENALTY
        self._keep = lru_cache(KEPT_WORDS)(self._segment)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, between its first and its last special one."""
        known = self._vocabulary
        return [[known.first, *self._cut(text), known.last] for text in texts]

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, special ones aside."""
        return [len(self._cut(text)) for text in texts]

    def _cut(self, text: str) -> list[int]:
        composed = unicodedata.normalize("NFC", text)
        plain = SPACES.sub(" ", composed.translate(self._vocabulary.changes)).strip(" ")
        words = [WORD_START + word for word in plain.split(" ")] if plain else []
        return [number for word in words for number in self._find(word)]

    def _find(self, word: str) -> Sequence[int]:
        return self._keep(word) if len(word) <= KEPT_CHARACTERS else self._segment(word)

    def _segment(self, word: str) -> Sequence[int]:
        """The pieces with the greatest sum of scores: Viterbi's algorithm."""
        numbers, scores = self._vocabulary.numbers, self._vocabulary.scores
        best = [0.0] + [-math.inf] * len(word)
        pieces = [(0, self._vocabulary.unknown)] * len(best)  # that end there: start, number
        for start in range(len(word)):
            best_here = best[start]
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                number = numbers.get(word[start:end])
                if number is not None and best_here + scores[number] > best[end]:
                    best[end], pieces[end] = best_here + scores[number], (start, number)
            if best_here + self._unknown_score > best[start + 1]:
                best[start + 1] = best_here + self._unknown_score
                pieces[start + 1] = start, self._vocabulary.unknown
        return self._trace(pieces)

    def _trace(self, pieces: Sequence[tuple[int, int]]) -> Sequence[int]:
        """The pieces from the first to the one that ends last; unknown neighbours are one."""
        numbers: list[int] = []
        end = len(pieces) - 1
        while end:
            end, number = pieces[end]
            if [number] != numbers[-1:] or number != self._vocabulary.unknown:
                numbers.append(number)
        return numbers[::-1]
