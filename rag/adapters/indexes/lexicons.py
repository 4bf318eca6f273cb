"""Which words a language has, so that one of them is not taken for a typing error of another."""

from collections.abc import Set
from functools import lru_cache

from spellchecker import SpellChecker

CODES = {
    "arabic": "ar",
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
}


@lru_cache
def load_lexicon(language: str) -> Set[str]:
    """The words of `language` in lower case; none where no list of them is at hand."""
    if language not in CODES:
        return frozenset()
    checker = SpellChecker(language=CODES[language])
    return frozenset(checker.word_frequency.keys())
