"""Short replies: a chat model asked for a line or two that the answer can do without."""

import asyncio
import logging
import re
import secrets
from collections.abc import Sequence

from rag.answering.prompts import Prompt
from rag.domain import Message
from rag.errors import ChatModelError
from rag.ports import ChatModel

log = logging.getLogger(__name__)

REFUSAL = re.compile(
    r"(?:sorry|i(?:['’]m| am) (?:sorry|unable)|i apologi[sz]e|i can(?:['’]?t|not)"
    r"|i do(?:n['’]t| not)|as an ai|unfortunately|not_in_the_documents|<think)",
    re.I,
)


async def ask_briefly(
    chat_model: ChatModel,
    prompt: Prompt,
    *,
    max_tokens: int,
    timeout_s: float,
    may_be_cut: bool = False,
    **data: str,
) -> str:
    """The whole reply to `prompt` filled with `data` behind a random fence, "" where there is none.

    None is a reply that failed, took too long, refuses, or was cut at `max_tokens` and may not be.
    """
    fence = f"data-{secrets.token_hex(8)}"
    stream = chat_model.stream(
        [Message("user", prompt.fill(fence=fence, **data))], max_tokens=max_tokens
    )
    said = ""
    try:
        async with asyncio.timeout(timeout_s):
            async for piece in stream:
                said += piece
    except (ChatModelError, TimeoutError) as error:
        log.info("%s was not answered: %s", prompt.name, error or "it took too long")
        return ""
    said = said.strip()
    is_cut = stream.finish_reason != "stop" and not may_be_cut
    return "" if is_cut or REFUSAL.match(said) else said


def render(conversation: Sequence[Message], *, max_characters: int) -> str:
    """The conversation as lines of `User:` and `Assistant:`, each at most so long."""
    return "\n".join(
        f"{message.role.capitalize()}: {' '.join(message.content.split())[:max_characters]}"
        for message in conversation
        if message.role != "system"
    )
