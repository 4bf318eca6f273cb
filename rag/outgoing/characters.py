"""Characters that nobody sees, and entities that stand for others, while text streams."""

import html
import re

DROPPED = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff]"
)
"""Controls, bidirectional ones among them, tags, fillers, and variation selectors of no font."""
JOINERS = re.compile(r"(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]")
"""Joiners where no script has a use for them: behind ASCII, or behind one another."""
SPACES = str.maketrans("\r\x0b\x0c\x85\u2028\u2029", "   \n\n\n")

ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&(?=#)")
OPEN_ENTITY = re.compile(r"&(?:#[0-9]{0,7}|#[xX][0-9a-fA-F]{0,6}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")
KEPT_ENTITIES = {"&lt;", "&gt;", "&quot;"}
"""Those that stay, since what they stand for could become HTML."""
PART_OF_ENTITY = re.compile(r"[A-Za-z0-9#;&<]")


class CharacterFilter:
    """Leaves out what is not seen, and gives entities as the characters that they stand for."""

    def __init__(self) -> None:
        self._held = ""
        self._last = ""

    def feed(self, piece: str) -> str:
        """What is settled after `piece`."""
        text = self._held + self._visible(piece)
        unfinished = OPEN_ENTITY.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._held = text[end:]
        return ENTITY.sub(_decode, text[:end])

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return ENTITY.sub(_decode, held)

    def _visible(self, piece: str) -> str:
        piece = DROPPED.sub("", piece).translate(SPACES)
        shown = JOINERS.sub("", self._last + piece)[len(JOINERS.sub("", self._last)) :]
        self._last = piece[-1:] or self._last
        return shown


def _decode(entity: re.Match[str]) -> str:
    """The character, apart from its neighbours where these could make another entity of it."""
    raw = entity.group()
    if raw == "&":
        return "& "
    if raw in KEPT_ENTITIES:
        return raw
    meant = DROPPED.sub("", html.unescape(raw)).translate(SPACES)
    if meant == raw or not PART_OF_ENTITY.search(meant):
        return meant
    return f" {meant} "
