"""A chat model whose replies are clean and end where they should, whatever it says."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from rag.answering.prompting.endings import Ending
from rag.domain import FinishReason, Message, Usage, Writing
from rag.errors import ChatModelTruncated
from rag.outgoing.cleaning import Cleaner
from rag.ports import ChatModel, ChatStream
from rag.text.lengths import estimate_tokens


@dataclass(frozen=True, slots=True)
class GuardedChatModel:
    """Gives replies cleaned, as long as `writing` allows, without `marks` of the prompt.

    `sources` are the texts whose addresses a reply may name.
    """

    chat_model: ChatModel
    writing: Writing
    sources: Sequence[str]

    @property
    def name(self) -> str:
        """The model's own."""
        return self.chat_model.name

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> ChatStream:
        """Start a reply; nothing is sent before the result is iterated."""
        if temperature is None:
            temperature = self.writing.temperature
        reply = self.chat_model.stream(messages, max_tokens=max_tokens, temperature=temperature)
        ending = Ending(max_tokens=max_tokens, stop=self.writing.stop)
        asked = sum(estimate_tokens(message.content) for message in messages)
        return _GuardedStream(reply, Cleaner(self.sources), ending, asked)


@dataclass(slots=True)
class _GuardedStream:
    """One reply; tokens are estimated where the provider does not count them."""

    reply: ChatStream
    cleaner: Cleaner
    ending: Ending
    asked: float
    usage: Usage = field(default_factory=Usage)

    @property
    def finish_reason(self) -> FinishReason:
        """Ours where we ended the reply."""
        return self.ending.reason or self.reply.finish_reason

    async def __aiter__(self) -> AsyncIterator[str]:
        written = 0.0
        pieces = aiter(self.reply)
        try:
            async for piece in pieces:
                written += estimate_tokens(piece)
                if shown := self.ending.take(self.cleaner.feed(piece)):
                    yield shown
                if self.ending.reason:
                    break
        except ChatModelTruncated:
            if shown := self._rest():
                yield shown
            raise
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]  # a generator: it stops the model
        if shown := self._rest():
            yield shown
        counted = self.reply.usage
        estimated = Usage(math.ceil(self.asked), math.ceil(written))
        self.usage = counted if counted.completion_tokens else estimated

    def _rest(self) -> str:
        return self.ending.take(self.cleaner.finish()) + self.ending.finish()
