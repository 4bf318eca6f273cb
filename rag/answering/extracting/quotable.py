"""Units of a text: what can be quoted as an answer, each with what it needs to be understood."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from rag.answering.extracting.layout import HEADING, ITEM, Block, read_blocks, read_pairs
from rag.domain import Span
from rag.text.sentences import split_sentences, trim

UnitKind = Literal["sentence", "item", "row", "lead-in", "question", "heading", "margin"]
QUOTABLE = ("sentence", "item", "row")
TEXTS_REMEMBERED = 512  # chosen: some five megabytes
EMPHASIS = re.compile(r"(?<!\w)(?:\*\*|__|\*|_)(?=\S)|(?<=\S)(?:\*\*|__|\*|_)(?!\w)")


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters `span` of a text that say one thing.

    `heading` is its path of headings; `before` the unit that leads in its list or table; those of
    one list or table have one `group`. A row has the names of its columns, where these are known,
    and its cells.
    """

    kind: UnitKind
    span: Span
    text: str
    heading: tuple[str, ...] = ()
    group: int | None = None
    before: "Unit | None" = None
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    @property
    def is_quotable(self) -> bool:
        """False for what is no answer alone: a heading, a question, a lead-in, a page header."""
        return self.kind in QUOTABLE


@lru_cache(maxsize=TEXTS_REMEMBERED)
def read_units(text: str, *, is_paged: bool) -> tuple[Unit, ...]:
    """All units of `text` in order."""
    return tuple(_Reader(text).read(read_blocks(text, is_paged=is_paged)))


@dataclass(slots=True)
class _Reader:
    """What has been read of a text so far."""

    text: str
    headings: list[tuple[int, str]] = field(default_factory=list)
    group: int = 0
    last: Block | None = None
    before: Unit | None = None
    columns: tuple[str, ...] = ()

    def read(self, blocks: Sequence[Block]) -> Iterator[Unit]:
        for block in blocks:
            if block.kind in ("item", "row", "head"):
                self._enter_group(block)
            yield from self._units(block)
            self.last = block

    def _enter_group(self, block: Block) -> None:
        """A list or table goes on with a block of its kind; what stood before leads it in."""
        kinds = ("row", "head") if block.kind == "row" else (block.kind,)
        if self.last is None or self.last.kind not in kinds:
            self.group += 1
            self.columns = ()

    def _units(self, block: Block) -> Iterator[Unit]:
        path = tuple(title for _, title in self.headings)
        said = self.text[block.span.start : block.span.end]
        if block.kind == "heading":
            yield self._enter_heading(block, said)
        elif block.kind == "margin":
            yield Unit("margin", block.span, said)
        elif block.kind == "head":
            self.columns = _cells(said)
            yield Unit("heading", block.span, said, path, self.group)
        elif block.kind == "row":
            yield self._row(block.span, said, path)
        elif block.kind == "item":
            mark = ITEM.match(said)
            at = block.span.start + (mark.end() if mark else 0)
            span = trim(self.text, Span(at, block.span.end))
            yield Unit(
                *("item", span, self.text[span.start : span.end], path, self.group, self.before)
            )
        else:
            yield from self._sentences(block.span, path)

    def _enter_heading(self, block: Block, said: str) -> Unit:
        title = plain(HEADING.sub("", said, count=1).rstrip("# "))
        self.headings = [each for each in self.headings if each[0] < block.level]
        self.headings.append((block.level, title))
        kind: UnitKind = "question" if is_question(title) else "heading"
        unit = Unit(kind, block.span, title, tuple(each for _, each in self.headings))
        self.before = unit
        return unit

    def _row(self, span: Span, said: str, path: tuple[str, ...]) -> Unit:
        pairs = read_pairs(said)
        columns, cells = self.columns, _cells(said)
        if pairs:
            columns, cells = tuple(name for name, _ in pairs), tuple(value for _, value in pairs)
            self.group += bool(self.columns) and columns != self.columns
            self.columns = columns
        return Unit("row", span, said, path, self.group, self.before, columns, cells)

    def _sentences(self, span: Span, path: tuple[str, ...]) -> Iterator[Unit]:
        block = self.text[span.start : span.end]
        for part in split_sentences(block):
            text = block[part.start : part.end]
            kind: UnitKind = "sentence"
            if is_question(text):
                kind = "question"
            elif text.rstrip("*_ ").endswith(":"):
                kind = "lead-in"
            place = Span(span.start + part.start, span.start + part.end)
            unit = Unit(kind, place, text, path)
            self.before = unit if kind == "lead-in" else None
            yield unit


def is_question(text: str) -> bool:
    """Whether a text asks."""
    return text.rstrip("*_\"”»' ").endswith(("?", "？", "؟"))


def plain(text: str) -> str:
    """`text` on one line, without marks of emphasis."""
    return " ".join(EMPHASIS.sub("", text).split())


def _cells(row: str) -> tuple[str, ...]:
    if not row.startswith("|"):
        return (row,)
    return tuple(plain(cell) for cell in row.strip().strip("|").split("|"))
