"""Statements: a text as it arrives, cut into what can be checked, each with the marks it has.

A mark belongs to the sentence before it, behind its full stop and on the next line too. In a block
that begins with a mark it belongs to the sentence behind it, and in a table to its row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rag.answering.checking.brackets import OPEN_BRACKET, Labels, Mark, find_marks
from rag.answering.checking.lines import (
    RULE_ROW,
    WORD,
    LineKind,
    cells_of,
    end_of_line,
    is_table_head,
    kind_of_line,
    read_row,
)
from rag.domain import Span
from rag.text.sentences import split_sentences

Kind = Literal["statement", "heading", "lead_in", "table_head", "note", "unread", "blank"]
"""Only a statement is checked; a note explains a mark, as `[^1]: ...` does."""

LOOKAHEAD = 24  # of what follows a sentence; longer than a month, as in "2. September"
GROWTH = 32  # a share of the text that waits: so often it is read again, however it arrives
ITEM = re.compile(r"(?:>[ \t]?)*(?:(?:[-*+•·]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?")
END_OF_RUN = re.compile(
    r"\n(?=[ \t]*(?:\n|[-*+•·][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|\||>|```|~~~"
    r"|\[\^?[\w-]{1,40}\]:\s|\*\*[^*\n.!?]+[.!?]?\*\*:?[ \t]*(?:\n|\Z)))"
)
BLANK_LINE = re.compile(r"\n[ \t]*\n")
UNDERLINED = re.compile(r"[^\n]+\n[ \t]*(?:={2,}|-{2,})[ \t]*(?=\n|\Z)")
STOPPED = re.compile(r"""[.!?…]["'”’»)*_]*\s*$""")
MARKUP = re.compile(r"\*+|`+|~~+|(?<!\w)_+|_+(?!\w)|^#+[ \t]|\([\s,;]*\)")
SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?…)。，！？।])")
DIGIT = re.compile(r"\d")
LEAD_IN_WORDS = 12  # chosen: a longer sentence says something itself
HEADING_WORDS = 8  # chosen: a longer line in bold type says something itself
SHORT_ITEM_WORDS = 5  # chosen: a shorter item is understood with the words that lead to it
LEAST_WORDS = 3  # chosen: "Details:" and "In short:" add nothing to what they lead to
CERTAIN = re.compile(
    r"\s*(?:(?:[-*+•·]|\d{1,3}[.)]|>)[ \t]+)?(?![#|])[^\[【|`~.!?…。！？।॥؟\n]*\w(?=\W)"
)
"""The beginning of a sentence as far as nothing that follows can put a mark into it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of a text: `before` it what says nothing, then itself as it is written.

    `text` is what it says, without marks and markup; the spans of `marks` count in `raw`.
    """

    before: str
    raw: str
    text: str
    kind: Kind
    marks: tuple[Mark, ...] = ()


class StatementReader:
    """Cuts a text into statements, which joined again are the text, however it arrives.

    `certain` is the beginning of what waits, as far as no mark can come into it.
    """

    def __init__(self, labels: Labels) -> None:
        self.certain = ""
        self._labels = labels
        self._text = ""
        self._read_at = 0
        self._is_beginning = True
        self._leads = False
        self._columns: list[str] | None = None
        self._lead_in = ""

    def feed(self, text: str) -> list[Statement]:
        """The statements that are complete once `text` is there."""
        self._text += text
        if len(self._text) < self._read_at:
            return []
        found = list(self._take_all(is_end=False))
        self._read_at = len(self._text) + 1 + len(self._text) // GROWTH
        certain = None if self._leads else CERTAIN.match(self._text)
        self.certain = certain.group() if certain else ""
        return found

    def finish(self) -> list[Statement]:
        """The rest; white space at the end is a blank piece."""
        rest = list(self._take_all(is_end=True))
        return [*rest, Statement(self._text, "", "", "blank")] if self._text else rest

    def _take_all(self, *, is_end: bool) -> Iterator[Statement]:
        while found := self._take(is_end):
            yield from found

    def _take(self, is_end: bool) -> list[Statement]:
        """The next line, or the next sentences of a paragraph; none while they are not complete."""
        start = len(self._text) - len(self._text.lstrip())
        gap = self._text[:start]
        if start == len(self._text) or not (is_end or len(self._text) - start >= LOOKAHEAD):
            return []
        if not (self._is_beginning or "\n" in gap):
            return self._take_sentences(start, is_end=is_end)
        kind = kind_of_line(self._text, start)
        if kind != "row":
            self._columns = None
        if kind is not None:
            self._leads, self._lead_in = False, ""
            return self._take_line(start, kind, is_end=is_end)
        item = ITEM.match(self._text, start)
        is_item = item is not None and item.end() > start
        if is_item or BLANK_LINE.search(gap):
            self._leads = False
        return self._take_sentences(item.end() if item else start, is_end=is_end, is_item=is_item)

    def _take_line(self, start: int, kind: LineKind, *, is_end: bool) -> list[Statement]:
        end = end_of_line(self._text, start, kind, is_end=is_end)
        if end is None:
            return []
        is_head = kind == "row" and self._columns is None and is_table_head(self._text, end)
        line_end, end = end, self._absorb(end, is_end=is_end)
        if end is None or (is_head is None and not is_end):
            return []
        row = self._text[start:line_end]
        if is_head:
            self._columns = cells_of(_plain(row, list(find_marks(row, self._labels))))
        marks = list(find_marks(self._text[start:end], self._labels))
        said = _plain(self._text[start:end], marks)
        if kind == "row":
            said = read_row(said, self._columns)
            is_rule = is_head or RULE_ROW.fullmatch(row) is not None
            return [self._cut(start, end, marks, said, "table_head" if is_rule else "statement")]
        is_title = kind == "heading" or (kind == "bold" and self._is_title(said, end))
        other: Kind = "note" if kind == "note" else "statement"
        return [self._cut(start, end, marks, said, "heading" if is_title else other)]

    def _is_title(self, said: str, end: int) -> bool:
        """Whether a line in bold type is a heading: short, and something stands below it."""
        is_short = len(said.split()) <= HEADING_WORDS and not DIGIT.search(said)
        return is_short and bool(self._text[end:].strip())

    def _take_sentences(
        self, words: int, *, is_end: bool, is_item: bool = False
    ) -> list[Statement]:
        """The sentences of a paragraph or an item, which begins at `words`, as far as is sure."""
        closing = END_OF_RUN.search(self._text, words)
        end = closing.start() if closing else len(self._text)
        closed = self._absorb(end, is_end=is_end) if closing or is_end else None
        run = self._text[words : end if closed is None else closed]
        if closed is None:
            run = OPEN_BRACKET.sub("", run)
        marks = list(find_marks(run, self._labels))
        if title := UNDERLINED.match(run):
            end = words + title.end()
            said = self._text[words:end].partition("\n")[0]
            return [self._cut(words, end, [], said, "heading")]
        groups = self._group(_split(run, marks), marks)
        if closed is None:
            groups = [each for each in groups[:-1] if len(run) - each[0].end >= LOOKAHEAD]
        elif not groups:
            return [self._cut(words, closed, marks, "", "blank")]
        found, at = [], 0
        for span, own in groups:
            raw = run[span.start : span.end]
            marks = [_move(mark, -span.start) for mark in own]
            said = self._understand(_plain(raw, marks), is_item=is_item)
            kind = _kind_of(said, has_marks=bool(own))
            start, end = words + span.start - at, words + span.end - at
            found.append(self._cut(start, end, marks, said, kind))
            at = words + span.end
        return found

    def _group(self, spans: Sequence[Span], marks: Sequence[Mark]) -> list[tuple[Span, list[Mark]]]:
        """Each sentence with its marks, its span stretched over them."""
        groups: list[tuple[Span, list[Mark]]] = [(span, []) for span in spans]
        for mark in marks if groups else []:
            place = sum(span.start <= mark.span.start for span in spans) - 1
            if place < 0:
                self._leads, place = True, 0
            elif self._leads and mark.span.start >= spans[place].end:
                place = min(place + 1, len(spans) - 1)
            span, own = groups[place]
            start, end = min(span.start, mark.span.start), max(span.end, mark.span.end)
            groups[place] = (Span(start, end), [*own, mark])
        return groups

    def _understand(self, said: str, *, is_item: bool) -> str:
        """What a sentence says; a short item of a list is read with the words that lead to it."""
        lead_in = self._lead_in if is_item else ""
        if not is_item:
            self._lead_in = said if said.endswith((":", "：")) else ""
        is_short = len(said.split()) < SHORT_ITEM_WORDS
        says_something = len(lead_in.split()) >= LEAST_WORDS
        return f"{lead_in} {said}" if says_something and said and is_short else said

    def _absorb(self, end: int, *, is_end: bool) -> int | None:
        """`end` moved behind the lines that follow it with nothing but marks; None while unsure."""
        while rest := self._text[end:].lstrip():
            line, newline, _ = rest.partition("\n")
            is_whole = bool(newline) or is_end
            others = _blank(line, list(find_marks(line, self._labels)))
            if others.strip() and (is_whole or OPEN_BRACKET.sub("", others).strip()):
                return end
            if not is_whole:
                return None
            end = len(self._text) - len(rest) + len(line)
        return end if is_end else None

    def _cut(self, start: int, end: int, marks: Sequence[Mark], said: str, kind: Kind) -> Statement:
        """The piece that ends at `end`, and `start` characters that say nothing before it."""
        before, raw = self._text[:start], self._text[start:end]
        self._text = self._text[end:]
        self._is_beginning = False
        return Statement(before, raw, said, kind if WORD.search(said) else "blank", tuple(marks))


def read_statements(text: str, labels: Labels) -> list[Statement]:
    """The statements of a whole text."""
    reader = StatementReader(labels)
    return [*reader.feed(text), *reader.finish()]


def _blank(text: str, marks: Sequence[Mark]) -> str:
    """`text` with white space in the place of its marks."""
    for mark in marks:
        width = mark.span.end - mark.span.start
        text = text[: mark.span.start] + " " * width + text[mark.span.end :]
    return text


def _split(run: str, marks: Sequence[Mark]) -> list[Span]:
    """The sentences of a paragraph; a mark behind a full stop shows that it is one."""
    blank = _blank(run, marks)
    stops = [mark.span.end for mark in marks if STOPPED.search(blank[: mark.span.start])]
    found: list[Span] = []
    for start, end in pairwise([0, *stops, len(run)]):
        found += (
            Span(start + span.start, start + span.end) for span in split_sentences(blank[start:end])
        )
    return found


def _plain(raw: str, marks: Sequence[Mark]) -> str:
    said = " ".join(MARKUP.sub("", _blank(raw, marks)).split())
    return SPACE_BEFORE_STOP.sub("", said)


def _move(mark: Mark, by: int) -> Mark:
    return Mark(Span(mark.span.start + by, mark.span.end + by), mark.evidence, mark.unknown)


def _kind_of(said: str, *, has_marks: bool) -> Kind:
    leads = said.endswith((":", "：")) and len(said.split()) <= LEAD_IN_WORDS
    return "lead_in" if leads and not has_marks and not DIGIT.search(said) else "statement"
