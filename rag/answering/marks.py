"""Marks in a model's text: citations of this request's passages stay, the refusal never shows.

What is a mark is told in `checking.brackets`; here each becomes `[1]` or `[1][2]` while the text
streams, and numbers that no passage has are dropped from it.
"""

import re

from rag.answering.checking.brackets import Labels, find_marks
from rag.text.partial import unfinished_end

NOT_THERE = "NOT_IN_THE_DOCUMENTS"
REFUSALS = (NOT_THERE, NOT_THERE.replace("_", "\\_"))
REFUSAL = re.compile("|".join(map(re.escape, REFUSALS)), re.I)
GAP = "…"
"""Stands where a refusal stood, so that the text around it cannot become one."""

PARTIAL = re.compile(r"[\[【][\^\d\s,;–-]{0,40}$")
FENCE = "```"
TICKS = re.compile(r"```|`[^`\n]+`|`")
MOST_CODE = 200  # chosen: code within a line is shorter; a tick alone holds back no more
ALL_NUMBERS = Labels(999)
ANY_BRACKET = re.compile(r"[\[【]([^\[\]【】\n]{1,120})[\]】]")

CONTROL = re.compile(
    r"<(?=[|\uff5c]|<?/?(?:SYS>>|s>|bos>|eos>|(?:start|end)_of_turn>|think(?:ing)?>|reasoning>))"
    r"|\[(?=/?INST\])"
)
"""Where a token begins by which chat templates tell turns apart, or thinking from text."""


class MarkFilter:
    """Rewrites marks while text streams: `[1, 9]` becomes `[1]` when there is no passage 9."""

    def __init__(self, passages: int) -> None:
        self.has_cited = False
        self.has_refused = False
        self._labels = Labels(passages)
        self._held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """The text that is safe to show after `piece`; a mark or code still open is held back."""
        text = self._take_refusals(self._held + piece)
        partial = PARTIAL.search(text)
        end = partial.start() if partial else len(text)
        end = min(end, len(text) - unfinished_end(text, REFUSALS), self._code_starts(text))
        self._held = text[end:]
        return self._map(text[:end])

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return self._map(held)

    def _take_refusals(self, text: str) -> str:
        without = REFUSAL.sub(GAP, text)
        self.has_refused = self.has_refused or without != text
        return without

    def _code_starts(self, text: str) -> int:
        """Where code begins that may yet end on its line."""
        opened = [tick.start() for tick in TICKS.finditer(text) if tick.group() == "`"]
        near = (at for at in opened if "\n" not in text[at:] and len(text) - at <= MOST_CODE)
        return next(near, len(text))

    def _map(self, text: str) -> str:
        """`text` with its marks as they are shown; `_before` says what it goes on from."""
        whole, end, mapped = self._before + text, len(self._before), ""
        for mark in find_marks(whole, self._labels):
            known = "".join(f"[{index + 1}]" for index in mark.evidence)
            self.has_cited = self.has_cited or bool(known)
            mapped += whole[end : mark.span.start] + known
            end = mark.span.end
        is_in_fence = whole.count(FENCE) % 2 == 1
        self._before = (FENCE if is_in_fence else "") + whole[-1:].replace("`", " ")
        return mapped + whole[end:]


def without_marks(text: str) -> str:
    """`text` without its marks."""
    for mark in reversed([*find_marks(text, ALL_NUMBERS)]):
        text = text[: mark.span.start] + text[mark.span.end :]
    return text.strip()


def disarm(text: str) -> str:
    """A document's text with its own `[1]`, refusals and control tokens broken up.

    So that what a model repeats of it is never taken for a mark, nor a part of it for a turn.
    """
    text = REFUSAL.sub(GAP, CONTROL.sub(lambda token: token.group() + " ", text))
    return ANY_BRACKET.sub(_disarm_mark, text)


def _disarm_mark(bracket: re.Match[str]) -> str:
    return f"({bracket[1]})" if ALL_NUMBERS.read(bracket[1]) else bracket.group()
