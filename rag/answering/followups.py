"""Follow-up questions made to stand alone by a rule: they take the last topic along."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.answering.ellipsis import fill_in
from rag.answering.english import (
    AUXILIARIES,
    LEAD,
    QUESTION_WORDS,
    count_content,
    is_content,
    is_participle,
)
from rag.domain import Message
from rag.retrieval.question import MAX_QUESTION_BYTES
from rag.text.normalization import HANGUL, count_words

PRONOUNS = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|the same|former|"
    r"latter|(?:does|do|did|is|was|has|about|of|for|to|at|in|on|when|if) that|that \w+)\b"
    r"|\bthat$",
    re.I,
)
WEAK_REFERENCES = re.compile(r"\b(there|ones?|both|else|instead|too|such|another|other)\b", re.I)
EMPTY_IT = re.compile(
    r"\bit (?=(?:takes?|took|costs?) to\b)|(?<=\b[iw]s )it (?=\w+ (?:to|if)\b)", re.I
)
EMPTY_THERE = re.compile(r"\b(is|are|was|were) there (?=\w)", re.I)
OTHER_LANGUAGES = re.compile(
    r"^[¿¡]?(?:und|aber|oder|was ist mit|wie ist es mit|wie sieht es mit|et|mais|qu'en est-il|pero|"
    r"qué hay de|però|maar|en (?:voor|op|met)|och|oraz|a co z|\u0430|и|но|или|что насчёт|"
    r"[ey] (?:para|per|en|con|com|la|el|los|las|il|lo|gli|o|a|os|as|se|si))\b"
    r"|^(?:那|还有|另外|では|じゃあ|それ|その|그럼|그러면|그리고|그|แล้ว)|(?:呢|は|는요)[？?]?$",
    re.I,
)
LONGEST_LED = 8
"""Words above which a question of another language that begins with "and" says all it asks."""
ENGLISH_START = QUESTION_WORDS | AUXILIARIES | {"and", "but", "so", "or", "also", "then", "ok"}
SHORT = 4
SHORT_WITHOUT_SPACES = 3
SHORT_IN_HANGUL = 2
ENOUGH_BEFORE = 2
ENOUGH_WORDS = 3
EARLIER_QUESTIONS = 2


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question that is searched for, the rule's version of it, and whose it is.

    `by` is "user" where the last message stands as it was asked.
    """

    question: str
    rule: str
    by: Literal["user", "rule", "model"]


def make_standalone(conversation: Sequence[Message]) -> Standalone:
    """The last user message, made to stand alone where it leans on those before it.

    A question that says only what is new is put into the one before; one that refers back is led
    by the at most two that it goes on from; one that begins a topic stays as it is.
    """
    topic: list[str] = []
    for message in conversation:
        if message.role == "user":
            topic = _go_on(topic, message.content)
    last = next((m.content for m in reversed(conversation) if m.role == "user"), "")
    question = _end_of(" ".join(topic))
    return Standalone(question, question, "user" if question == last else "rule")


def _end_of(text: str) -> str:
    """The end of the text, as long as a question may be, in whole characters."""
    if len(text) * 4 <= MAX_QUESTION_BYTES:
        return text
    return text.encode(errors="surrogatepass")[-MAX_QUESTION_BYTES:].decode(errors="ignore")


def _go_on(topic: list[str], question: str) -> list[str]:
    if not topic or not leans_on_context(question):
        return [question]
    filled = fill_in(topic[-1], question)
    if filled:
        return [*topic[:-1], filled]
    return [*topic[-EARLIER_QUESTIONS:], question]


def leans_on_context(question: str) -> bool:
    """True if the question reads like the continuation of another."""
    text = question.strip().rstrip("?!. ")
    rest = LEAD.sub("", text)
    if not _is_english(text) and OTHER_LANGUAGES.search(question.strip()):
        return count_words(text) <= LONGEST_LED
    if _refers_back(rest):
        return True
    says_enough = count_content(rest) >= ENOUGH_WORDS and _is_whole(rest)
    if rest != text:
        return not says_enough
    return count_words(text) <= _short(text) and not says_enough and not _names_something(text)


def _short(text: str) -> int:
    if text.isascii():
        return SHORT
    if re.search(f"[{HANGUL}]", text):
        return SHORT_IN_HANGUL
    return SHORT if re.search(r"\s", text) else SHORT_WITHOUT_SPACES


def _refers_back(text: str) -> bool:
    """True for a pronoun that nothing before it in the question explains."""
    content = count_content(text)
    text = EMPTY_IT.sub("", text) if content >= ENOUGH_WORDS else text
    text = EMPTY_THERE.sub(r"\1 ", text) if content >= ENOUGH_BEFORE else text
    for pronoun in PRONOUNS.finditer(text):
        if count_content(text[: pronoun.start()]) < ENOUGH_BEFORE:
            return True
    return bool(WEAK_REFERENCES.search(text)) and content < ENOUGH_WORDS


def _is_whole(text: str) -> bool:
    """True for a question with a question word or an auxiliary among its first two words."""
    first = {word.lower() for word in text.split()[:2]}
    return bool(first & (QUESTION_WORDS | AUXILIARIES))


def _names_something(text: str) -> bool:
    """True for a short, whole question that says what it asks about: "How long is probation"."""
    first, *words = text.split() or [""]
    named = [word for word in words if is_content(word) and not is_participle(word)]
    has_name = any(word[:1].isupper() for word in named)
    asks_of_noun = bool(named) and bool(AUXILIARIES.intersection(words)) and "the" not in words
    is_whole = first.lower() in QUESTION_WORDS | AUXILIARIES
    return is_whole and (has_name or asks_of_noun or len(named) >= ENOUGH_BEFORE)


def _is_english(text: str) -> bool:
    words = text.lower().split()
    return bool(words) and words[0] in ENGLISH_START
