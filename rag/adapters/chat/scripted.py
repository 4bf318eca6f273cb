"""A chat model that replies as a script says, for tests and for trying an idea."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from rag.domain import FinishReason, Message, Usage
from rag.errors import ChatModelTruncated, RagError


@dataclass(slots=True)
class ScriptedStream:
    """A reply made of given pieces; an error among them is raised where it stands."""

    pieces: Sequence[str | RagError]
    finish_reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)

    async def __aiter__(self) -> AsyncIterator[str]:
        received = ""
        for piece in self.pieces:
            if isinstance(piece, ChatModelTruncated):
                raise ChatModelTruncated(str(piece), partial=received)
            if isinstance(piece, RagError):
                raise piece
            received += piece
            yield piece


class ScriptedChatModel:
    """A chat model that gives prepared replies in turn and remembers what it was asked."""

    name = "scripted"

    def __init__(self, *replies: Sequence[str | RagError]) -> None:
        self._replies = iter(replies)
        self.asked: list[list[Message]] = []

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> ScriptedStream:
        """The next prepared reply; `max_tokens` cuts it off as `length` would."""
        self.asked.append(list(messages))
        pieces = next(self._replies)
        if len(pieces) > max_tokens:
            return ScriptedStream(pieces[:max_tokens], finish_reason="length")
        return ScriptedStream(pieces)
