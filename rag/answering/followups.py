"""Follow-up questions made to stand alone by a rule: they take the last topic along."""

import re
from collections.abc import Sequence

from rag.domain import Message

LEADS = re.compile(r"^(and|but|so|or|also|then|what about|how about|what if|why|why not)\b", re.I)
REFERENCES = re.compile(
    r"\b(it|its|that|this|these|those|they|them|their|theirs|he|him|his|she|her|hers|there|one|"
    r"ones|same|both|former|latter|else|instead|too|such|other|another)\b",
    re.I,
)
WORD = re.compile(r"\w+")
SHORT = 4
EARLIER_QUESTIONS = 2


def make_standalone(conversation: Sequence[Message]) -> str:
    """The last user message, led by the questions before it when it cannot be understood alone.

    A question that begins with "and", "what about" and the like, refers back with a pronoun, or has
    at most four words is taken to lean on the two user messages before it.
    """
    questions = [message.content for message in conversation if message.role == "user"]
    if not questions:
        return ""
    *earlier, last = questions
    if not earlier or not leans_on_context(last):
        return last
    context = [*earlier[-EARLIER_QUESTIONS:]]
    if len(context) > 1 and not leans_on_context(context[-1]):
        context = context[-1:]
    return " ".join([*context, last])


def leans_on_context(question: str) -> bool:
    """True if the question reads like the continuation of another."""
    text = question.strip()
    return bool(LEADS.match(text) or REFERENCES.search(text) or len(WORD.findall(text)) <= SHORT)
