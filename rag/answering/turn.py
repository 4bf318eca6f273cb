"""One turn of a conversation: what was asked, what was searched for, and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.followups import Standalone
from rag.domain import Message, SearchResult
from rag.errors import InvalidQuestion
from rag.releases.folder import OpenRelease
from rag.retrieval.scope import Scope


@dataclass(frozen=True, slots=True)
class Turn:
    """The last question of a conversation on its way to an answer.

    It was made to stand alone and searched in `release`, with other wordings of it that came
    `expanded_by` a prompt, if any. A prompted answer has at most `max_tokens`.
    """

    conversation: Sequence[Message]
    standalone: Standalone
    expanded_by: str
    release: OpenRelease
    scope: Scope
    search: SearchResult
    max_tokens: int


def last_question(conversation: Sequence[Message]) -> str:
    """What the user asked last. Raises InvalidQuestion."""
    if not conversation or conversation[-1].role != "user":
        raise InvalidQuestion("the conversation must end with a message of the user")
    return conversation[-1].content
