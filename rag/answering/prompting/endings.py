"""Where a text that streams has to end: at a stop sequence, at its longest, or in a loop."""

from collections.abc import Sequence

from rag.domain import FinishReason
from rag.text.lengths import estimate_tokens

OVERRUN = 1.5  # estimates of tokens are off by as much; models that count stop before it
LOOP_TIMES = 4  # chosen: lists and tables repeat less
LOOP_CHARACTERS = 200  # chosen: four short lines; a row of a table repeats fewer
LONGEST_PERIOD = 1000  # chosen: a long paragraph
LOOP_END = 16  # chosen: the end of a text that is looked for before it
LOOKS = 4  # chosen: a loop may hold its own end so many times


class Ending:
    """Lets a text through as far as it may go; `reason` says why no more of it is let through.

    `max_tokens` counts half as much again, since tokens are estimated.
    """

    def __init__(self, *, max_tokens: int, stop: Sequence[str] = ()) -> None:
        self.reason: FinishReason | None = None
        self._tokens_left = self._tokens_unread = max_tokens * OVERRUN
        self._stop = stop
        self._held = ""
        self._said = ""

    def note(self, tokens: float) -> None:
        """So many tokens arrived, whether any text of them is shown or not."""
        self._tokens_unread -= tokens
        if self._tokens_unread < 0 and not self.reason:
            self.reason = "length"

    def take(self, piece: str) -> str:
        """What of `piece`, and of what was held back before it, may be shown."""
        if self.reason:
            return ""
        text = self._held + piece
        ends = [at for each in self._stop if (at := text.find(each)) >= 0]
        if ends:
            self.reason, self._held = "stop", ""
            return self._within_length(text[: min(ends)])
        safe = len(text) - max((_begun(text, each) for each in self._stop), default=0)
        self._held = text[safe:]
        return self._within_length(text[:safe])

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return "" if self.reason else self._within_length(held)

    def _within_length(self, text: str) -> str:
        tokens = estimate_tokens(text)
        if tokens > self._tokens_left:
            self.reason = "length"
            text = text[: int(len(text) * self._tokens_left / tokens)]
        self._tokens_left -= tokens
        self._said = (self._said + text)[-LOOP_TIMES * LONGEST_PERIOD :]
        if text and is_loop(self._said):
            self.reason = "length"
        return text


def is_loop(text: str) -> bool:
    """Whether a text ends with the same characters several times over."""
    at = len(text)
    for _ in range(LOOKS):
        at = text.rfind(text[-LOOP_END:], max(0, len(text) - LONGEST_PERIOD), at + LOOP_END - 1)
        period = len(text) - LOOP_END - at
        if at < 0 or len(text) < LOOP_CHARACTERS:
            return False
        length = max(LOOP_CHARACTERS, LOOP_TIMES * period)
        if len(text) >= length and text[-length:-period] == text[-length + period :]:
            return True
    return False


def _begun(text: str, word: str) -> int:
    """Length of the longest end of `text` that `word` begins with."""
    longest = min(len(word) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if text.endswith(word[:n])), 0)
