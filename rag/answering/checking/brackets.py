"""Marks in a text: brackets that name evidence by its number or id, and those that do not.

A mark is `[1]`, `[1, 2]`, `[1-3]`, `【1】`, `[^1]` or `[id]`. `[0]`, `[2024]`, `[x]`, what stands
in code and the text of a link are no marks; nor is a number that no evidence has, right behind a
word as in `codes[7]`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rag.domain import Span

CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`", re.S)
BRACKET = re.compile(r"[\[【]([^\[\]【】\n]{1,120})[\]】](?!\((?:https?:|mailto:|[/#]))")
SEPARATOR = re.compile(r"\s*[,;]\s*")
NUMBERS = re.compile(r"\^?([1-9]\d{0,2})(?:\s*[-–]\s*\^?([1-9]\d{0,2}))?(?:†.*)?")
WORD_END = re.compile(r"[A-Za-z0-9_]")
OPEN_BRACKET = re.compile(r"[\[【][^\[\]【】\n]{0,120}$")


@dataclass(frozen=True, slots=True)
class Labels:
    """What marks may name: evidence by its number from 1 up to `count`, or by one of `ids`."""

    count: int = 0
    ids: Mapping[str, int] = field(default_factory=dict)

    def read(self, content: str) -> "tuple[tuple[int, ...], tuple[str, ...]] | None":
        """Indexes of the evidence that a bracket names, and what it names that is not there.

        None where its content names nothing.
        """
        known: dict[int, None] = {}
        unknown: list[str] = []
        for item in SEPARATOR.split(content.strip()):
            numbers = NUMBERS.fullmatch(item)
            if item in self.ids:
                known[self.ids[item]] = None
            elif numbers is None:
                return None
            elif numbers[2] is None and int(numbers[1]) > self.count:
                unknown.append(numbers[1])
            else:
                first, last = int(numbers[1]), int(numbers[2] or numbers[1])
                if numbers[2] and not first < last <= self.count:
                    return None
                known.update(dict.fromkeys(range(first - 1, last)))
        return tuple(known), tuple(unknown)


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `span` that name evidence by its indexes, and `unknown` that is not there."""

    span: Span
    evidence: tuple[int, ...]
    unknown: tuple[str, ...] = ()


def find_marks(text: str, labels: Labels) -> Iterator[Mark]:
    """The marks of `text` in their order."""
    code = [match.span() for match in CODE.finditer(text)] if "`" in text or "~" in text else []
    for bracket in BRACKET.finditer(text):
        named = labels.read(bracket[1])
        if named is None or any(start <= bracket.start() < end for start, end in code):
            continue
        before = text[bracket.start() - 1 : bracket.start()] if bracket.start() else ""
        if not named[0] and WORD_END.fullmatch(before):
            continue
        yield Mark(Span(*bracket.span()), *named)
