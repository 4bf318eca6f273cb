"""Thinking that a chat model writes into its reply, `<think>…</think>`, kept from the text."""

import re

from rag.text.partial import unfinished_end

NAMES = ("think", "thinking", "reasoning")
TAGS = [f"<{slash}{name}>" for slash in ("", "/") for name in NAMES]
TAG = re.compile(rf"<(/?)(?:{'|'.join(NAMES)})>", re.I)


class ThinkingFilter:
    """Leaves out what stands between the tags, and white space before the first word.

    Some servers put the opening tag into the prompt, so that the reply begins inside. With
    `begins_inside` such a reply is read rightly, and one without any tag is given back at its end.
    Without it `has_leaked` says that thinking was taken for text until its closing tag came.
    """

    def __init__(self, *, begins_inside: bool = False) -> None:
        self.is_inside = begins_inside
        self.began_inside = False
        self.has_leaked = False
        self._may_be_text = begins_inside
        self._hidden = ""
        self._held = ""
        self._is_first = True

    def feed(self, piece: str) -> str:
        """The text that is safe to show after `piece`; a tag still open is held back."""
        text = self._held + piece
        shown = ""
        while tag := TAG.search(text):
            shown = self._turn(shown + self._keep(text[: tag.start()]), is_closing=bool(tag[1]))
            text = text[tag.end() :]
        end = len(text) - unfinished_end(text, TAGS)
        self._held = text[end:]
        return self._begin(shown + self._keep(text[:end]))

    def finish(self) -> str:
        """What was held back at the end."""
        text, self._held = self._keep(self._held), ""
        if self._may_be_text:
            text, self.is_inside, self._may_be_text = self._hidden, False, False
        return self._begin(text)

    def _turn(self, before: str, *, is_closing: bool) -> str:
        """What of the text before a tag is no thinking."""
        if is_closing and (self._may_be_text or not self.is_inside):
            self.began_inside = True
            self.has_leaked = not self._is_first
            before = ""
        self._may_be_text = False
        self.is_inside = not is_closing
        return before

    def _keep(self, text: str) -> str:
        if not self.is_inside:
            return text
        self._hidden += text if self._may_be_text else ""
        return ""

    def _begin(self, text: str) -> str:
        text = text.lstrip() if self._is_first else text
        self._is_first = self._is_first and not text
        return text
