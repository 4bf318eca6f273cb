"""A chat model whose replies are clean and end where they should, whatever it says."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from rag.answering.prompting.datamarking import MarkRemover
from rag.answering.prompting.endings import Ending
from rag.answering.turn import Turn
from rag.domain import FinishReason, Message, Usage
from rag.errors import ChatModelTruncated
from rag.outgoing.cleaning import Cleaner
from rag.ports import ChatModel, ChatStream
from rag.text.lengths import estimate_tokens


@dataclass(frozen=True, slots=True)
class GuardedChatModel:
    """Gives replies to `turn` cleaned, as long as they may be, without the signs of its prompt."""

    chat_model: ChatModel
    turn: Turn

    @property
    def name(self) -> str:
        """The model's own."""
        return self.chat_model.name

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> ChatStream:
        """Start a reply; nothing is sent before the result is iterated."""
        if temperature is None:
            temperature = self.turn.writing.temperature
        reply = self.chat_model.stream(messages, max_tokens=max_tokens, temperature=temperature)
        ending = Ending(max_tokens=max_tokens, stop=self.turn.writing.stop)
        asked = sum(estimate_tokens(message.content) for message in messages)
        signs = MarkRemover(self.turn.mark, self.turn.fence)
        return _GuardedStream(reply, signs, Cleaner(self.turn.sources), ending, asked)


@dataclass(slots=True)
class _GuardedStream:
    """One reply; tokens are estimated where the provider does not count them."""

    reply: ChatStream
    signs: MarkRemover
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
                tokens = estimate_tokens(piece)
                written += tokens
                if shown := self.ending.take(self.cleaner.feed(self.signs.feed(piece))):
                    yield shown
                self.ending.note(tokens)
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
        rest = self.cleaner.feed(self.signs.finish()) + self.cleaner.finish()
        return self.ending.take(rest) + self.ending.finish()
