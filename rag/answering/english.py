"""Small word lists of English by which follow-up questions are understood without a chat model."""

import re

LEAD = re.compile(
    r"^(?:(?:and|but|so|or|also|then|ok|okay|now)[,\s]+)*"
    r"(?:(?:what|how) about\s+|what if\s+|and\s+|also\s+)?",
    re.I,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUESTION_WORDS = _words("who whom whose what which when where why how")
AUXILIARIES = _words(
    "is are was were am be been do does did has have had can could may might must shall should "
    "will would isn't aren't don't doesn't can't"
)
PREPOSITIONS = _words(
    "about after against as at before between by during for from in into of on over per since "
    "than through to under until with within without"
)
DETERMINERS = _words("a an the my our your any every each all no some")
FUNCTION_WORDS = (
    QUESTION_WORDS
    | AUXILIARIES
    | PREPOSITIONS
    | DETERMINERS
    | _words(
        "and or but not so also then i we you me us he him his she her hers it its they them their "
        "theirs this that these those there here one ones same both former latter else instead too "
        "such other another many much long often far old late soon anybody anyone somebody someone "
        "nobody anything something nothing just only more most less least get"
    )
)
STAND_INS = _words(
    "it its they them their he him his she her this these those there one ones if because"
)
"""Words of a fragment that need the whole question before it."""
BASE_VERBS = _words(
    "allow apply begin bring buy carry charge close cost cover end expire fit give go happen have "
    "hold include keep last mean need open pay receive require run sail sell start stay "
    "take travel use work"
)
AFTER_NOUN = _words(
    "allowed available broken built driven due eaten forbidden found free given held hidden left "
    "lost made open paid sent stolen taken valid written"
)
PARTICIPLE = re.compile(r".{2,}(?:ed|pt)$")


def is_content(word: str) -> bool:
    """True for a word that names something, and no word of grammar."""
    return word.lower().strip("'’\"()") not in FUNCTION_WORDS


def count_content(text: str) -> int:
    """Words of `text` that name something."""
    return sum(map(is_content, re.findall(r"[\w'’-]+", text)))


def is_name(words: list[str]) -> bool:
    """True if every word but articles is capitalised or a number, as in "the Curlew Star"."""
    named = [word for word in words if word.lower() not in DETERMINERS]
    return bool(named) and all(w[:1].isupper() or w[:1].isdigit() for w in named)


def is_participle(word: str) -> bool:
    """True for "kept", "paid", "valid" and the like, which follow the noun they speak of."""
    return word.lower() in AFTER_NOUN or bool(PARTICIPLE.fullmatch(word.lower()))


def singular(word: str) -> str:
    """The word in lower case without a plural's ending."""
    word = word.lower().strip("'’\"()")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
