"""Query expansion: other wordings of a question, or a passage that could answer it."""

import re

from rag.answering.prompts import load_prompt
from rag.answering.short_replies import ask_briefly
from rag.domain import Expansion
from rag.ports import ChatModel

PROMPTS = {"multi-query": "multi-query.v1", "hyde": "hyde.v1"}
MAX_VARIANTS = 3  # what the prompt asks for
MAX_TOKENS = 128  # room for what the prompts ask for: three lines, or a short passage
TIMEOUT_S = 4.0  # chosen: what somebody who asks may wait before the search begins
MAX_CHARACTERS = 800  # about a chunk: what an embedder reads
LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s*")


async def expand(question: str, chat_model: ChatModel | None, how: Expansion) -> list[str]:
    """The question, then what else to search for: at most three, none where the model fails."""
    if chat_model is None or how == "none":
        return [question]
    said = await ask_briefly(
        chat_model,
        load_prompt(PROMPTS[how]),
        max_tokens=MAX_TOKENS,
        timeout_s=TIMEOUT_S,
        may_be_cut=True,
        question=question,
    )
    lines = said.splitlines() if how == "multi-query" else [" ".join(said.split())]
    variants = [LIST_MARK.sub("", line).strip()[:MAX_CHARACTERS] for line in lines]
    kept = [each for each in variants if each and not each.endswith(":")]
    return list(dict.fromkeys([question, *kept]))[: MAX_VARIANTS + 1]


def expansion_label(chat_model: ChatModel | None, how: Expansion) -> str:
    """How other wordings are made and by which prompt, empty where none are."""
    if chat_model is None or how == "none":
        return ""
    return f"{how} {load_prompt(PROMPTS[how]).label}"
