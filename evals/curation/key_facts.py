"""What a reference says that its evidence does not: numbers, names, or anything at all."""

import re
from dataclasses import dataclass

from evals.metrics.wording import content_tokens
from rag.support.languages import is_english

NAME = re.compile(r"(?<=[\w,;] )[A-Z][\w-]+")
THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}\.000\b")  # 2.102.800 and 2.000 in German
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Unheld:
    """The numbers and names that are missing.

    `is_all` where the reference has figures or names and the evidence holds no word of it.
    """

    facts: tuple[str, ...]
    is_all: bool


def find_unheld(reference: str, evidence: str, question: str) -> Unheld:
    """What of the reference stands neither in its evidence nor in its question.

    Names and words are compared within a language alone, numbers across languages too.
    """
    wanted, held, asked = (_tokens(text) for text in (reference, evidence, question))
    is_same_language = is_english(f"{question} {reference}") == is_english(evidence)
    if not is_same_language:
        wanted = _tokens(" ".join(NUMBER.findall(reference)))
    missing = {token for token in wanted - held - asked if token[0].isdigit()}
    named = set(NAME.findall(reference)) if is_same_language and is_english(reference) else set()
    known = f"{evidence} {question}".casefold()
    missing |= {name for name in named if name.casefold() not in known}
    has_facts = bool(named or NUMBER.search(reference))
    is_all = is_same_language and has_facts and not wanted & (held | asked)
    return Unheld(tuple(sorted(missing)), is_all)


def _tokens(text: str) -> set[str]:
    """Content words, and numbers in one form: `0,44` as `0.44`, `13:00` as `13`."""
    text = THOUSANDS.sub(lambda found: found[0].replace(".", ""), text)
    return {_number(token) for token in content_tokens(text)}


def _number(token: str) -> str:
    if not token[0].isdigit():
        return token
    token = token.removesuffix(":00").replace(",", ".")
    return token.rstrip("0").rstrip(".") if "." in token else token
