"""A statement as its facts: amounts, dates, names, tone and words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.support.facts.dates import MONTHS, Date, find_dates
from rag.support.facts.measures import find_measure
from rag.support.facts.qualifiers import Tone, read_tone
from rag.support.facts.quantities import Quantity, find_quantities
from rag.support.words import STOP_WORDS, list_words, stem

NAME = re.compile(r"(?<![\w-])(?:[A-ZÀ-ÖØ-Þ][\w'’]*(?:-\w+)*|[A-Z]{1,4}-?\d[\w-]*)")
SENTENCE_START = re.compile(r"(?:\A|[.!?:;]\s+|\n)[\"'“\u2018(]*$")
KEPT = 4096  # statements; chosen: a packed passage has about fifty


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be compared of a statement."""

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    names: tuple[str, ...]
    tone: Tone
    words: frozenset[str]
    stems: frozenset[str]


@lru_cache(maxsize=KEPT)
def read_facts(text: str) -> Facts:
    """The facts of a statement."""
    words = frozenset(list_words(text))
    return Facts(
        tuple(find_quantities(text)),
        find_dates(text),
        tuple(dict.fromkeys(_names(text))),
        read_tone(text),
        words,
        frozenset(stem(word) for word in words),
    )


def _names(text: str) -> Iterator[str]:
    """Words with a capital within a sentence, and codes as FN-07, in lower case."""
    for match in NAME.finditer(text):
        word = match.group().removesuffix("'s").removesuffix("’s")
        is_code = any(map(str.isdigit, word))
        is_first = SENTENCE_START.search(text, max(0, match.start() - 6), match.start())
        is_unit = word.isupper() and find_measure(word) is not None
        lowered = word.lower()
        is_common = lowered in STOP_WORDS or lowered in MONTHS or len(word) < 2
        if not is_unit and not is_common and (is_code or not is_first):
            yield lowered
