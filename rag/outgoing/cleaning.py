"""Text that a client may show as it is: no images, links, HTML, hidden characters or keys.

An address that stands in the sources is kept, as code, which no client turns into a link. The
sign before a word tells what becomes of the rest: `docs/decisions/outgoing-text.md`.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from rag.outgoing.addresses import (
    ADDRESS,
    FOUND,
    LONGEST,
    UNSPACED,
    addresses_in,
    known_part,
    trim_address,
)
from rag.outgoing.characters import CharacterFilter
from rag.outgoing.redaction import REDACTED, SECRETS, SHAPES, redact
from rag.outgoing.tags import TagFilter

REMOVED = "(address removed)"
GAP = " …"
"""Stands where a word goes on beyond what any word has."""
TITLES = 4096  # chosen: documents of a large corpus that are found again and again
CONTEXT = 300  # chosen: what is seen of the text before, such as the beginning of its line

BREAK = re.compile(rf"[\s{UNSPACED}]")
WORD = re.compile(rf"[^\s{UNSPACED}]+")
TITLE = r"[ \t]+(?:\"[^\"\n]{0,200}+\"|'[^'\n]{0,200}+')"
OPEN_TITLE = r"[ \t]+(?:\"[^\"\n]{0,200}+\"?|'[^'\n]{0,200}+'?)?[ \t]*"
TARGET = rf"[^()\s{UNSPACED}]*+(?:\([^()\s{UNSPACED}]*+\)[^()\s{UNSPACED}]*+){{0,4}}+"
UNITS = (
    rf"(?P<target>\]\((?P<to>{TARGET})(?:{TITLE})?[ \t]*\))"
    r"|(?P<link>\](?=\())"
    r"|(?P<image>!(?=\[))"
    r"|(?P<definition>\]:)"
    rf"|(?P<autolink><(?P<at>[^\s<>`{UNSPACED}]++)>)"
    r"|(?P<tag><(?=[A-Za-z/!?]))"
    rf"|(?P<address>{ADDRESS})"
    rf"|(?P<secret>(?a-i:{SECRETS}))"
)
CODE = r"(?P<code>(?<![`\\])(?P<ticks>`{1,2})(?!`)(?P<inner>[^`\n|]{1,500}+)(?P=ticks)(?!`))"
FENCE = r"(?P<fence>(?<!`)(?P<fences>`{3,})(?P<info>[^`\n]{0,100}+)(?=\n|\Z))"
OPEN = (
    r"(?P<open>(?<![`\\])`{1,2}(?!`)[^`\n|]{0,500}+`{0,2}\Z"
    rf"|\]\((?=\S){TARGET}{OPEN_TITLE}\Z)"
)
"""What may still become code, or the target of a link."""
STRAY = r"(?P<stray>`+)"
WHOLE = re.compile("|".join([CODE, FENCE, UNITS, STRAY]), re.I)
ARRIVING = re.compile("|".join([CODE, FENCE, OPEN, UNITS, STRAY]), re.I)
WITHIN = re.compile(UNITS, re.I)

LANGUAGE = re.compile(r"[ \t]*[\w+#-]*[ \t]*")
BEFORE_FENCE = re.compile(r"[\s>]*")
NUMBERS = re.compile(r"[\[【]\^?\s*\d[\d\s,;–-]*$")
LINE_START = re.compile(r"[\s>*+\-\d.)]*\[[^\[\]]*")
SIGNS_OF_ADDRESS = re.compile(r"[/:.#?%\\@<]|^$")
TAG_START = re.compile(r"[A-Za-z/!?]")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!:)", re.I)


class Cleaner:
    """Cleans text while it streams; what may yet become something is held back.

    `sources` are the texts whose addresses may be named.
    """

    def __init__(self, sources: Sequence[str] = ()) -> None:
        self._sources = sources
        self._characters = CharacterFilter()
        self._tags = TagFilter()
        self._held = ""
        self._before = ""
        self._word_length = 0
        self._is_fenced = False

    def feed(self, piece: str) -> str:
        """The text that is safe to show after `piece`."""
        return self._take(self._tags.feed(self._characters.feed(piece)), ARRIVING)

    def finish(self) -> str:
        """What was held back at the end."""
        last = self._tags.feed(self._characters.finish()) + self._tags.finish()
        return self._take(last, WHOLE)

    @cached_property
    def _known(self) -> frozenset[str]:
        return addresses_in(self._sources)

    def _take(self, piece: str, units: re.Pattern[str]) -> str:
        at = len(self._before)
        text = self._before + self._held + self._shorten(piece)
        end = len(text) if units is WHOLE else _last_break(text, at)
        if end == at:
            self._held = text[at:]
            return ""
        shown = []
        for unit in units.finditer(text, at):
            may_grow = units is ARRIVING and unit.end() == len(text)
            if may_grow or unit.start() >= end:
                end = min(end, unit.start())
                break
            shown += [text[at : unit.start()], self._replace(unit)]
            at = unit.end()
        end = max(at, end)
        self._held, self._before = text[end:], text[max(0, end - CONTEXT) : end]
        return "".join([*shown, text[at:end]])

    def _shorten(self, piece: str) -> str:
        """`piece` with no word longer than an address may be, words begun before it counted."""
        lengths = {0: self._word_length}

        def cut(word: re.Match[str]) -> str:
            said = lengths.get(word.start(), 0)
            if word.end() == len(piece):
                self._word_length = said + len(word.group())
            if said + len(word.group()) <= LONGEST:
                return word.group()
            return "" if said > LONGEST else word.group()[: LONGEST - said] + GAP

        if piece:
            self._word_length = 0
        return WORD.sub(cut, piece)

    def _replace(self, unit: re.Match[str]) -> str:
        """What stands for `unit` in a text that may hold code."""
        kind = unit.lastgroup
        if kind == "code":
            return unit["ticks"] + self._clean_code(unit["inner"]) + unit["ticks"]
        if kind == "fence":
            return self._turn_fence(unit)
        if kind == "stray":
            return unit.group() if self._is_fenced else "'"
        if kind in ("address", "autolink"):
            return self._name(unit, is_code=self._is_fenced)
        return _break(unit)

    def _turn_fence(self, unit: re.Match[str]) -> str:
        """A line that opens or closes code; what follows the sign of an end goes to its own."""
        begins_line = BEFORE_FENCE.fullmatch(_line_before(unit))
        opens = not self._is_fenced and LANGUAGE.fullmatch(unit["info"])
        if begins_line and opens:
            self._is_fenced = True
            return unit.group()
        sign = "'"
        if begins_line and self._is_fenced:
            self._is_fenced = False
            sign = unit["fences"] + ("\n" if unit["info"].strip() else "")
        return sign + WITHIN.sub(self._replace, unit["info"])

    def _clean_code(self, code: str) -> str:
        def replace(unit: re.Match[str]) -> str:
            if unit.lastgroup in ("address", "autolink"):
                return self._name(unit, is_code=True)
            return _break(unit)

        return WITHIN.sub(replace, code)

    def _name(self, unit: re.Match[str], *, is_code: bool) -> str:
        """An address as it may be shown: known, then as code; `<Text>` is none."""
        found = unit["at"] or unit.group()
        if unit["at"] and not FOUND.match(found):
            return REMOVED if SCHEME.match(found) else _apart(unit)
        address = trim_address(found)
        known = "" if unit["at"] and SCHEME.match(found) else known_part(address, self._known)
        shown = redact(known) or REMOVED
        if known and not is_code:
            shown = f"`{shown}`"
        if not is_code and unit.string[unit.start() - 1 : unit.start()] in ("]", "`", "\\"):
            shown = f" {shown}"
        rest = "" if unit["at"] else found[len(address) :]
        return shown + rest + (" " if not rest and _next(unit) == "`" else "")


def clean(text: str, sources: Sequence[str] = ()) -> str:
    """The whole of a text as a client may show it."""
    cleaner = Cleaner(sources)
    return cleaner.feed(text) + cleaner.finish()


@lru_cache(TITLES)
def clean_title(title: str) -> str:
    """A document's title as a client may show it, on one line."""
    return " ".join(clean(title).split())


def _last_break(text: str, at: int) -> int:
    """The beginning of the last word, or the end where no word is unfinished there."""
    end = len(text)
    while end > at and not BREAK.match(text, end - 1):
        end -= 1
    return end


def _line_before(unit: re.Match[str]) -> str:
    return unit.string[unit.string.rfind("\n", 0, unit.start()) + 1 : unit.start()]


def _next(unit: re.Match[str]) -> str:
    return unit.string[unit.end() : unit.end() + 1]


def _apart(unit: re.Match[str]) -> str:
    """What looks like a tag, its sign apart, so that it is none."""
    inner = WITHIN.sub(_break, unit["at"])
    return f"<{' ' if TAG_START.match(inner) else ''}{inner}>"


def _break(unit: re.Match[str]) -> str:
    """A sign of Markdown or HTML, or a secret, made harmless."""
    kind = unit.lastgroup
    gap = " " if _next(unit) and _next(unit) in "([:" else ""
    if kind == "target" and SIGNS_OF_ADDRESS.search(unit["to"]):
        return "]" + gap
    if kind == "target":
        return "] " + SHAPES.sub(REDACTED, unit.group()[1:])
    if kind == "image":
        return "! " if unit.string[unit.end() + 1 : unit.end() + 2].isdigit() else ""
    if kind == "definition":
        line = _line_before(unit)
        is_mark = NUMBERS.search(line) and not LINE_START.fullmatch(line)
        return "]:" if is_mark else "] :"
    return {"link": "] ", "tag": "< ", "secret": REDACTED + gap}.get(kind or "", REMOVED)
