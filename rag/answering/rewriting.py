"""Follow-ups made to stand alone by the chat model, or by the rule where it says nothing usable."""

import re
from collections.abc import Sequence

from rag.answering.followups import Standalone, make_standalone
from rag.answering.prompts import load_prompt
from rag.answering.short_replies import ask_briefly, render
from rag.domain import Message
from rag.ports import ChatModel

STANDALONE_PROMPT = "standalone.v1"
MAX_TOKENS = 64  # chosen: a question of some 250 characters
TIMEOUT_S = 3.0  # chosen: what somebody who asks may wait before the search begins
MAX_CHARACTERS = 300  # chosen: longer ones are answers rather than questions
MESSAGES = 7  # chosen: three turns and the question
MESSAGE_CHARACTERS = 600  # chosen: the beginning of an answer says what it is about
LABEL = re.compile(r"(?:rewritten |standalone |stand-alone )?question:\s*", re.I)
QUOTES = "\"'“”„«» "
NUMBER = re.compile(r"\d+")


async def rewrite(conversation: Sequence[Message], chat_model: ChatModel | None) -> Standalone:
    """The last user message, made to stand alone by one bounded call where there is a history.

    The rule's question is taken where there is no chat model, or its reply is no question: empty,
    longer than a line, a refusal, or with a number that nobody said.
    """
    by_rule = make_standalone(conversation)
    turns = [message for message in conversation if message.role != "system"]
    if chat_model is None or sum(message.role == "user" for message in turns) < 2:
        return by_rule
    said = await ask_briefly(
        chat_model,
        load_prompt(STANDALONE_PROMPT),
        max_tokens=MAX_TOKENS,
        timeout_s=TIMEOUT_S,
        conversation=render(turns[-MESSAGES:], max_characters=MESSAGE_CHARACTERS),
    )
    question = LABEL.sub("", said, count=1).strip(QUOTES)
    if not _is_usable(question, turns):
        return by_rule
    return Standalone(question, rule=by_rule.rule, by="model")


def _is_usable(question: str, turns: Sequence[Message]) -> bool:
    if not 1 < len(question) <= MAX_CHARACTERS or len(question.splitlines()) != 1:
        return False
    known = {number for turn in turns for number in NUMBER.findall(turn.content)}
    return set(NUMBER.findall(question)) <= known
