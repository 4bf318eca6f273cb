"""The language of a corpus: told from its texts, the same each time, the default when unsure."""

from collections.abc import Iterator
from itertools import repeat

import pytest

from ingest.text.languages import MAX_TEXTS, NAMES, detect_language
from rag.adapters.indexes.tantivy import LANGUAGES
from tests.rag.foreign_facts import FACTS
from tests.small_corpus import TEXTS

POLISH = "Wniosek o urlop rodzicielski składa się osiem tygodni wcześniej. Psy podróżują za darmo."
CODES = "| 12 | 44.0 | 3/7 | 2025-01-04 |\n" * 50


def facts(language: str) -> list[str]:
    """The facts of the set in one language."""
    return [text for text, _ in FACTS[language]]


@pytest.mark.parametrize("language", sorted(FACTS))
def test_a_handful_of_sentences_is_enough(language: str) -> None:
    assert detect_language([" ".join(facts(language))]) == language
    assert detect_language(facts(language)) == language


def test_english_texts_are_english() -> None:
    assert detect_language(TEXTS.values()) == "english"


def test_a_language_without_rules_is_none() -> None:
    assert detect_language([POLISH]) == "none"


def test_most_of_the_letters_decide() -> None:
    assert detect_language([*facts("german"), *facts("french")[:4], CODES]) == "german"
    assert detect_language([*facts("german")[:3], *facts("french"), CODES]) == "french"


@pytest.mark.parametrize(
    "texts", [[], [""], ["Note 7"], [CODES], ["alpha beta gamma"] * 3, ["\ud800", "\0"]]
)
def test_too_little_to_tell_gives_the_default(texts: list[str]) -> None:
    assert detect_language(texts) == "english"
    assert detect_language(texts, otherwise="german") == "german"


def test_the_sample_is_bounded() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for text in repeat("Hunde reisen auf allen Fähren kostenlos. " * 10_000):
            taken += 1
            yield text

    assert detect_language(endless()) == "german"
    assert taken == MAX_TEXTS


def test_every_name_is_known_to_the_lexical_index() -> None:
    assert {*NAMES.values(), "none"} <= LANGUAGES
