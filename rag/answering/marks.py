"""Marks in a model's text: citations of this request's passages stay, the refusal never shows.

A citation is `[1]`, `[1, 2]`, `[1-3]` or `【1】`. A number that no passage has is dropped, unless
it stands right behind a word, as in `codes[7]`. `[0]`, `[2024]` and a range that goes beyond the
passages are text.
"""

import re

from rag.text.partial import unfinished_end

NOT_THERE = "NOT_IN_THE_DOCUMENTS"
REFUSALS = (NOT_THERE, NOT_THERE.replace("_", "\\_"))
REFUSAL = re.compile("|".join(map(re.escape, REFUSALS)), re.I)
GAP = "…"
"""Stands where a refusal stood, so that the text around it cannot become one."""

NUMBER = re.compile(r"[1-9]\d{0,2}")
_N = NUMBER.pattern
MARK = re.compile(rf"[\[【]\s*{_N}(?:\s*[,;]\s*{_N})*\s*[\]】]")
RANGE = re.compile(rf"[\[【]\s*({_N})\s*[-–]\s*({_N})\s*[\]】]")
PARTIAL = re.compile(r"[\[【][\d\s,;–-]{0,40}$")

IDENTIFIER = re.compile(r"[A-Za-z0-9_]")
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
        self._passages = passages
        self._held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """The text that is safe to show after `piece`; a mark still open is held back."""
        text = self._take_refusals(self._held + piece)
        partial = PARTIAL.search(text)
        end = partial.start() if partial else len(text)
        end = min(end, len(text) - unfinished_end(text, REFUSALS))
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

    def _map(self, text: str) -> str:
        before = self._before
        mapped = MARK.sub(self._keep_known, RANGE.sub(self._spell_out, before + text))
        self._before = mapped[-1:]
        return mapped[len(before) :]

    def _spell_out(self, mark: re.Match[str]) -> str:
        first, last = int(mark[1]), int(mark[2])
        if not first < last <= self._passages:
            return mark.group()
        return "".join(f"[{n}]" for n in range(first, last + 1))

    def _keep_known(self, mark: re.Match[str]) -> str:
        numbers = dict.fromkeys(int(number) for number in NUMBER.findall(mark.group()))
        known = "".join(f"[{n}]" for n in numbers if n <= self._passages)
        self.has_cited = self.has_cited or bool(known)
        is_code = not known and IDENTIFIER.search(mark.string, mark.start() - 1, mark.start())
        return mark.group() if mark.start() and is_code else known


def numbers_in(text: str) -> tuple[int, ...]:
    """Numbers of all marks in `text`, in order, each once."""
    found = (int(n) for mark in MARK.findall(text) for n in NUMBER.findall(mark))
    return tuple(dict.fromkeys(found))


def without_marks(text: str) -> str:
    """`text` without its marks."""
    return MARK.sub("", text).strip()


def disarm(text: str) -> str:
    """A document's text with its own `[1]`, refusals and control tokens broken up.

    So that what a model repeats of it is never taken for a mark, nor a part of it for a turn.
    """
    text = REFUSAL.sub(GAP, CONTROL.sub(lambda token: token.group() + " ", text))
    for form in (RANGE, MARK):
        text = form.sub(lambda mark: "(" + mark.group()[1:-1] + ")", text)
    return text
