"""Citation marks like `[1]` in a model's text: only numbers of this request's passages survive."""

import re

MARK = re.compile(r"\[\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*\]")
PARTIAL = re.compile(r"\[[\d\s,;]{0,40}$")
NUMBER = re.compile(r"\d+")


class MarkFilter:
    """Rewrites marks while text streams: `[1, 9]` becomes `[1]` when there is no passage 9."""

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that is safe to show after `piece`; a mark still open is held back."""
        text = self._held + piece
        partial = PARTIAL.search(text)
        self._held = text[partial.start() :] if partial else ""
        return MARK.sub(self._keep_known, text[: partial.start()] if partial else text)

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return MARK.sub(self._keep_known, held)

    def _keep_known(self, mark: re.Match[str]) -> str:
        numbers = dict.fromkeys(int(number) for number in NUMBER.findall(mark.group()))
        return "".join(f"[{n}]" for n in numbers if 1 <= n <= self._passages)


def numbers_in(text: str) -> tuple[int, ...]:
    """Numbers of all marks in `text`, in order, each once."""
    found = (int(n) for mark in MARK.findall(text) for n in NUMBER.findall(mark))
    return tuple(dict.fromkeys(found))


def without_marks(text: str) -> str:
    """`text` without its marks."""
    return MARK.sub("", text).strip()


def disarm(text: str) -> str:
    """A document's own `[1]` written so that it cannot be taken for a mark."""
    return MARK.sub(lambda mark: "(" + mark.group()[1:-1] + ")", text)
