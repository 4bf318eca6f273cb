"""A chat model that takes its time and remembers how its work ended."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from rag.domain import FinishReason, Message, Usage

PIECE_S = 0.02
FOREVER = 3000


@dataclass(slots=True)
class SlowStream:
    """Pieces of a reply, one at a time."""

    chat: "SlowChatModel"
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            await asyncio.sleep(self.chat.first_s)
            for place in range(FOREVER):
                yield f"word{place} "
                await asyncio.sleep(PIECE_S)
        finally:
            self.chat.stopped.set()


class SlowChatModel:
    """Streams for a minute unless it is stopped; `stopped` says that it was."""

    name = "slow"

    def __init__(self, *, first_s: float = 0.0) -> None:
        self.first_s = first_s
        self.started = threading.Event()
        self.stopped = threading.Event()

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> SlowStream:
        """A reply that goes on for a minute."""
        self.started.set()
        return SlowStream(self)
