"""Words as they are compared: without endings, and weighed by how rare they are."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’\-.][^\W_]+)*")
ENDINGS = re.compile(r"(?:['’]s|ies|ing|edly|ed|es|ers?|ly|ations?|s|e|y)$")
KEPT_STEMS = 65_536  # words; chosen: a large corpus has as many
SHORTEST = 4  # letters that stay of a word; chosen: "days" and "day" are one, "use" and "us" not
STOP_WORDS = frozenset(
    re.findall(
        r"\S+",
        "a an the of to in on at by for from with and or as is are was were be been being am "
        "it its this that these those there here their they them he she his her him we us our "
        "you your i my me who whom which what when where how why do does did done has have had "
        "having will would shall can could may might must should if so than then into out over "
        "under up down about also such any some each per not no nor only just very more most "
        "other",
    )
)


def list_words(text: str) -> list[str]:
    """The words of a text in lower case, a possessive's ending left out."""
    return [word.removesuffix("'s").removesuffix("’s") for word in WORD.findall(text.lower())]


@lru_cache(maxsize=KEPT_STEMS)
def stem(word: str) -> str:
    """A word without its ending, as far as four letters stay."""
    if not word.isalpha():
        return word
    cut = ENDINGS.sub("", word)
    return cut if len(cut) >= SHORTEST else word.removesuffix("s") if len(word) > 3 else word


def terms_of(text: str) -> set[str]:
    """The stems of a text's words, stop words left out."""
    return {stem(word) for word in list_words(text) if word not in STOP_WORDS}


def weigh_terms(texts: Iterable[set[str]]) -> Mapping[str, float]:
    """Inverse document frequency of each term of some texts."""
    known: Sequence[set[str]] = list(texts)
    counts = Counter(term for terms in known for term in terms)
    return {term: math.log(1 + len(known) / count) for term, count in counts.items()}
