"""Of how many a claim speaks, held against how many of them the source names."""

import numpy as np

from rag.support.facts.comparing import Comparison
from rag.support.facts.measures import find_measure
from rag.support.facts.number_words import small_numbers
from rag.support.relations.aligned import Aligned

WHOLE = frozenset(("all", "every", "each", "always", "whole", "entire"))
PART = frozenset(
    (
        *("some", "most", "many", "several", "few", "half", "third", "quarter", "fifth", "first"),
        *("last", "second", "part", "only", "one", "usually", "normally", "often", "sometimes"),
    )
)
ALSO_WHOLE = WHOLE | {"any", "both", "per", "a", "an"}
REACH = 4  # words within which an extent stands before its noun; chosen
NOUNS = 2  # content words after "all" of which one is its noun; chosen


def compare_extents(aligned: Aligned, found: Comparison) -> None:
    """Note an "all" or "every" of the claim where the source says "four", "some" or "the first"."""
    words = [word.lower() for word in aligned.claim.words]
    content = np.flatnonzero(aligned.claim.is_content)
    for at, word in enumerate(words):
        nouns = content[(content > at) & (content <= at + REACH)][:NOUNS]
        if word not in WHOLE or any(find_measure(words[noun]) for noun in nouns):
            continue
        said = {words[place] for noun in nouns for place in range(max(0, at - 1), noun + 1)}
        before = _words_before(aligned, [int(noun) for noun in nouns])
        parts = [each for each in before if _is_part(each) and each not in said]
        if parts and not ALSO_WHOLE.intersection(before):
            found.differ("other extent", f"the source says {parts[0]}, not {word}")


def _words_before(aligned: Aligned, nouns: list[int]) -> list[str]:
    """What stands in the source before the nouns of the claim."""
    return [
        word.lower()
        for noun in nouns
        for place in aligned.occurrences[noun]
        for word in aligned.words[max(0, place - REACH) : place]
    ]


def _is_part(word: str) -> bool:
    return word in PART or word in small_numbers() or word.isdigit()
