"""A question that found too little, in other words: typing errors mended, the documents' language.

`docs/decisions/reading-on.md` has what becomes of both searches.
"""

import re

from rag.answering.prompts import load_prompt
from rag.answering.short_replies import ask_briefly
from rag.ports import ChatModel

REWORD_PROMPT = "reword.v1"
MAX_TOKENS = 64  # chosen, as for follow-ups: a question of some 250 characters
TIMEOUT_S = 4.0  # chosen, as for other wordings: what somebody who asks may wait
MAX_CHARACTERS = 300  # chosen: longer ones are answers rather than questions
NUMBER = re.compile(r"\d+")
QUOTES = "\"'“”„«» "


async def reword(question: str, language: str, chat_model: ChatModel) -> str:
    """The question in other words of that language, "" where the model has none to offer.

    A reply with a number that nobody asked for is an answer, and is not used.
    """
    said = await ask_briefly(
        chat_model,
        load_prompt(REWORD_PROMPT),
        max_tokens=MAX_TOKENS,
        timeout_s=TIMEOUT_S,
        question=question,
        language="the language of the documents" if language == "none" else language.capitalize(),
    )
    other = said.strip(QUOTES)
    is_line = 1 < len(other) <= MAX_CHARACTERS and len(other.splitlines()) == 1
    is_new = other.casefold() != question.strip().casefold()
    knows_all = set(NUMBER.findall(other)) <= set(NUMBER.findall(question))
    return other if is_line and is_new and knows_all else ""


def rewording_label() -> str:
    """The prompt by which questions are reworded."""
    return f"reword {load_prompt(REWORD_PROMPT).label}"
