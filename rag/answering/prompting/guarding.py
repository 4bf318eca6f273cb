"""A chat model whose replies are clean and end where they should, whatever it says."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from rag.answering.prompting.cited_addresses import AddressFilter
from rag.answering.prompting.datamarking import MarkRemover
from rag.answering.prompting.endings import Ending
from rag.answering.turn import Turn, last_question
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
            temperature = self.turn.temperature
        reply = self.chat_model.stream(messages, max_tokens=max_tokens, temperature=temperature)
        ending = Ending(max_tokens=max_tokens, stop=self.turn.writing.stop)
        asked = sum(estimate_tokens(message.content) for message in messages)
        signs = MarkRemover(self.turn.mark, self.turn.fence)
        passages = [passage.text for passage in self.turn.search.passages]
        addresses = AddressFilter(passages, last_question(self.turn.conversation))
        cleaning = _Cleaning(signs, Cleaner(self.turn.sources), addresses)
        return _GuardedStream(reply, cleaning, ending, asked)


@dataclass(frozen=True, slots=True)
class _Cleaning:
    """The filters that a reply goes through, in their order."""

    signs: MarkRemover
    cleaner: Cleaner
    addresses: AddressFilter

    def feed(self, piece: str) -> str:
        return self.addresses.feed(self.cleaner.feed(self.signs.feed(piece)))

    def finish(self) -> str:
        clean = self.cleaner.feed(self.signs.finish()) + self.cleaner.finish()
        return self.addresses.feed(clean) + self.addresses.finish()


@dataclass(slots=True)
class _GuardedStream:
    """One reply; tokens are estimated where the provider does not count them."""

    reply: ChatStream
    cleaning: _Cleaning
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
                if shown := self.ending.take(self.cleaning.feed(piece)):
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
        return self.ending.take(self.cleaning.finish()) + self.ending.finish()
