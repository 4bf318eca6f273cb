"""Follow-up questions made to stand alone by a rule: what they go on from is put in front of them.

`docs/decisions/follow-ups.md` has what else was tried, and the numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.domain import Message
from rag.retrieval.question import MAX_QUESTION_BYTES
from rag.text.normalization import HANGUL, count_words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUESTION_WORDS = _words("who whom whose what which when where why how")
AUXILIARIES = _words(
    "is are was were am be been do does did has have had can could may might must shall should "
    "will would isn't aren't don't doesn't can't"
)
FUNCTION_WORDS = (
    QUESTION_WORDS
    | AUXILIARIES
    | _words(
        "a an the my our your any every each all no some about after against as at before between "
        "by during for from in into of on over per since than through to under until with within "
        "without and or but not so also then i we you me us he him his she her hers it its they "
        "them their theirs this that these those there here one ones same both former latter else "
        "instead too such other another many much long often far old late soon anybody anyone "
        "somebody someone nobody anything something nothing just only more most less least get"
    )
)
LEAD = re.compile(
    r"^(?:(?:and|but|so|or|also|then|ok|okay|now)[,\s]+)*(?:(?:what|how) about\s+|what if\s+)?",
    re.I,
)
LEAD_IN_OTHER_LANGUAGES = re.compile(
    r"^[¿¡]?(?:und|aber|oder|was ist mit|wie ist es mit|wie sieht es mit|et|mais|qu'en est-il|pero|"
    r"qué hay de|però|maar|en (?:voor|op|met)|och|oraz|a co z|\u0430|и|но|или|что насчёт|"
    r"[ey] (?:para|per|en|con|com|la|el|los|las|il|lo|gli|o|a|os|as|se|si))\b"
    r"|^(?:那|还有|另外|では|じゃあ|それ|その|그럼|그러면|그리고|그|แล้ว)|(?:呢|は|는요)[？?]?$",
    re.I,
)
PRONOUNS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|the same|former|"
    r"latter|(?:does|do|did|is|was|has|about|of|for|to|at|in|on|when|if) that)\b|\bthat$",
    re.I,
)
WEAK_REFERENCES = re.compile(
    r"\b(?:ones?|both|else|instead|too|such|another|other)\b|\bthere$", re.I
)
EMPTY_IT = re.compile(
    r"\bit (?=(?:takes?|took|costs?) to\b)|(?<=\b[iw]s )it (?=\w+ (?:to|if)\b)", re.I
)
EARLIER_QUESTIONS = 2  # measured: two find what one does, and more where the first names the topic
LONGEST_LED = 8
"""Words above which a question of another language that begins with "and" says all it asks."""
SHORT, SHORT_WITHOUT_SPACES, SHORT_IN_HANGUL = 4, 3, 2
"""Words up to which a question may be the rest of one."""
ENOUGH_WORDS = 3
"""Words that name something, with which a question says all it asks."""
ENOUGH_BEFORE = 2
"""Those after which a pronoun may mean one of them."""


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question that is searched for, the rule's version of it, and whose it is.

    `by` is "user" where the last message stands as it was asked.
    """

    question: str
    rule: str
    by: Literal["user", "rule", "model"]


def make_standalone(conversation: Sequence[Message]) -> Standalone:
    """The last user message, led by the at most two before it that it goes on from."""
    topic: list[str] = []
    last = ""
    for message in conversation:
        if message.role == "user":
            last = message.content
            earlier = topic[-EARLIER_QUESTIONS:] if leans_on_context(last) else []
            topic = [*earlier, last]
    question = _end_of(" ".join(topic))
    return Standalone(question, question, "user" if question == last else "rule")


def _end_of(text: str) -> str:
    """The end of the text, as long as a question may be, in whole characters."""
    if len(text) * 4 <= MAX_QUESTION_BYTES:
        return text
    return text.encode(errors="surrogatepass")[-MAX_QUESTION_BYTES:].decode(errors="ignore")


def leans_on_context(question: str) -> bool:
    """True if the question reads like the continuation of another."""
    text = question.strip().rstrip("?!. ")
    if LEAD_IN_OTHER_LANGUAGES.search(question.strip()):
        return count_words(text) <= LONGEST_LED
    rest = LEAD.sub("", text)
    if _refers_back(rest):
        return True
    if _is_whole(rest) and count_content(rest) >= ENOUGH_WORDS:
        return False
    return rest != text or (count_words(text) <= _short(text) and not _asks_of_noun(text))


def count_content(text: str) -> int:
    """Words of `text` that name something, and are no words of English grammar."""
    return sum(word.lower() not in FUNCTION_WORDS for word in re.findall(r"[\w'’-]+", text))


def _refers_back(text: str) -> bool:
    """True for a pronoun that nothing before it in the question explains."""
    content = count_content(text)
    text = EMPTY_IT.sub("", text) if content >= ENOUGH_WORDS else text
    for pronoun in PRONOUNS.finditer(text):
        if count_content(text[: pronoun.start()]) < ENOUGH_BEFORE:
            return True
    return bool(WEAK_REFERENCES.search(text)) and content < ENOUGH_WORDS


def _is_whole(text: str) -> bool:
    """True for a question with a question word or an auxiliary among its first two words."""
    first = {word.lower() for word in text.split()[:2]}
    return bool(first & (QUESTION_WORDS | AUXILIARIES))


def _asks_of_noun(text: str) -> bool:
    """True for a short question that says what it asks about: "How long is probation"."""
    words = text.lower().split()
    content = count_content(" ".join(words[1:]))
    has_verb = bool(AUXILIARIES.intersection(words[1:])) and "the" not in words
    return _is_whole(text) and (content >= ENOUGH_BEFORE or (content > 0 and has_verb))


def _short(text: str) -> int:
    if text.isascii():
        return SHORT
    if re.search(f"[{HANGUL}]", text):
        return SHORT_IN_HANGUL
    return SHORT if re.search(r"\s", text) else SHORT_WITHOUT_SPACES
