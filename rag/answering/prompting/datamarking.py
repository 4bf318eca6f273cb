"""Lines of documents marked as such in a prompt, with a sign that no document can know."""

import re

from rag.text.partial import unfinished_end


def mark_lines(text: str, mark: str) -> str:
    """`text` with `mark` before each line that is not blank."""
    lines = (f"{mark} {line}" if line.strip() else line for line in text.splitlines())
    return "\n".join(lines)


class MarkRemover:
    """Takes `marks` out of a reply that repeats them, while it streams."""

    def __init__(self, *marks: str) -> None:
        self._forms = [f"{mark} " for mark in marks]
        self._pattern = re.compile("|".join(f"{re.escape(mark)} ?" for mark in marks))
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is settled after `piece`."""
        text = self._held + piece
        end = len(text) - unfinished_end(text, self._forms)
        self._held = text[end:]
        return self._pattern.sub("", text[:end])

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return self._pattern.sub("", held)
