"""Blocks of a text by its layout: headings, prose, list items, table rows, page headers.

Markdown and what formats leave of it are read by their marks. Text with pages has none: there a
short line without a full stop is a heading, or a row of a table if several follow each other.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.domain import Span
from rag.text.sentences import split_sentences, trim

BlockKind = Literal["heading", "prose", "item", "row", "head", "margin"]

ITEM = re.compile(r"[ \t]*(?:[-*+•·▪◦–] |\d{1,3}[.)] |\(?[a-z]\) )")
HEADING = re.compile(r"(#{1,6}) +")
RULE = re.compile(r"[ \t]*\|?[-:| ]*-[-:| ]*\|[-:| ]*$")
PAIR = re.compile(r"(?:\*\*)?([^\W_][^:;*]{0,50}?)(?:\*\*)?: ?(.*)", re.S)
PAGE_LINE = re.compile(
    r"(?:^|\s)(?:page|seite|página|pagina|p\.)\s*\d+(?:\s*(?:/|of|von|de|di)\s*\d+)?$", re.I
)
ENDS = re.compile(r"[.!?:;,…]['\"”’»)\]*_]*$")
INNER_END = re.compile(r"[a-z][.!?] ")
STARTS = re.compile(r"['\"“«(\[]*(?:[^\W\d_a-z]|[\d€$£])")
DIGIT = re.compile(r"\d")
NUMBER_ALONE = re.compile(r"(?<!\S)[+€$£-]?\d[\d,.]*(?!\S)")
SHORT = 0.7
"""Of the width of a page's lines: a line shorter than that was not wrapped. Chosen."""
TABLE_LINES = 3  # chosen: a heading, the names of columns and one row
LOOSE_ITEMS = 3  # chosen: fewer paragraphs of one sentence each are prose
LOOSE_CHARACTERS = 200  # chosen: a longer sentence is a paragraph


@dataclass(frozen=True, slots=True)
class Block:
    """Characters `span` of a text that belong together; `level` is that of a heading."""

    kind: BlockKind
    span: Span
    level: int = 0
    follows_gap: bool = True


def read_blocks(text: str, *, is_paged: bool) -> list[Block]:
    """All blocks of `text` in order; white space alone is in none."""
    lines = list(_lines(text))
    kinds = _kinds_by_marks(text, lines)
    wrapped_at = _least_wrapped(lines) if is_paged else 0
    if is_paged:
        kinds = _kinds_by_layout(text, lines, kinds, wrapped_at)
    return _loose_lists(text, list(_join(text, lines, kinds, wrapped_at)))


def read_pairs(row: str) -> list[tuple[str, str]]:
    """Names and values of a row written as `name: value; name: value`; else none."""
    parts = row.split("; ")
    pairs = [match for part in parts if (match := PAIR.fullmatch(part.strip()))]
    if len(pairs) < len(parts) or len(pairs) < 2:
        return []
    return [(pair[1].strip(), pair[2].strip()) for pair in pairs]


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield trim(text, Span(start, start + len(line)))
        start += len(line)


LineKind = Literal["blank", "heading", "item", "row", "head", "rule", "margin", "plain"]


def _kinds_by_marks(text: str, lines: Sequence[Span]) -> list[LineKind]:
    kinds: list[LineKind] = []
    for span in lines:
        line = text[span.start : span.end]
        kind = _kind_of(line)
        if kind == "rule" and kinds and kinds[-1] == "row":
            kinds[-1] = "head"
        kinds.append(kind)
    return kinds


def _kind_of(line: str) -> LineKind:
    if not line:
        return "blank"
    if HEADING.match(line):
        return "heading"
    if RULE.fullmatch(line):
        return "rule"
    if line.startswith("|"):
        return "row"
    if ITEM.match(line):
        return "item"
    names = [name for name, _ in read_pairs(line)]
    if len(set(names)) == len(names) and (len(names) > 2 or (names and "**" in line)):
        return "row"
    return "plain"


def _least_wrapped(lines: Sequence[Span]) -> int:
    """Characters below which a line of this text ended by itself."""
    widths = sorted(span.end - span.start for span in lines if span.end > span.start)
    return int(SHORT * widths[len(widths) * 9 // 10]) if widths else 0


def _kinds_by_layout(
    text: str, lines: Sequence[Span], kinds: Sequence[LineKind], wrapped_at: int
) -> list[LineKind]:
    """As before, where the lines that no mark explains are told by their length and place."""
    found = list(kinds)
    for place in _margins(text, lines):
        found[place] = "margin"
    run: list[int] = []
    for place, span in enumerate(lines):
        line = text[span.start : span.end]
        is_alone = found[place] == "plain" and not (ENDS.search(line) or INNER_END.search(line))
        fits = len(line) < wrapped_at or len(run) >= TABLE_LINES - 1
        begins = bool(STARTS.match(line)) and (place == 0 or _is_end(text, lines, found, place - 1))
        if is_alone and fits and (run or begins):
            run.append(place)
            continue
        _name_run([text[s.start : s.end] for s in lines], found, run, wrapped_at)
        run = []
    _name_run([text[s.start : s.end] for s in lines], found, run, wrapped_at)
    return found


def _is_end(text: str, lines: Sequence[Span], kinds: Sequence[LineKind], place: int) -> bool:
    line = text[lines[place].start : lines[place].end]
    return kinds[place] in ("blank", "margin", "heading") or bool(ENDS.search(line))


def _margins(text: str, lines: Sequence[Span]) -> list[int]:
    """Lines that number pages, or stand on more than one page but for their numbers."""
    said = [re.sub(r"\d+", "0", text[span.start : span.end]) for span in lines]
    often = Counter(line for line in said if line)
    return [
        place
        for place, span in enumerate(lines)
        if PAGE_LINE.search(text[span.start : span.end])
        or (often[said[place]] > 1 and said[place].endswith(" 0"))
    ]


def _name_run(
    said: Sequence[str], kinds: list[LineKind], run: Sequence[int], wrapped_at: int
) -> None:
    """Short lines one after the other: headings, or a heading, names of columns and rows."""
    rows = [place for place in run if STARTS.match(said[place])]
    if len(rows) < TABLE_LINES:
        for place in rows:
            kinds[place] = "heading"
        return
    if not NUMBER_ALONE.search(said[rows[1]]):
        kinds[rows.pop(0)] = "heading"
    if len(said[rows[-1]]) >= wrapped_at and not DIGIT.search(said[rows[-2]]):
        rows.pop()
    if len(rows) > 2 and not DIGIT.search(said[rows[-1]]):
        kinds[rows.pop()] = "heading"
    for place in rows:
        kinds[place] = "row"
    kinds[rows[0]] = "head"


def _join(
    text: str, lines: Sequence[Span], kinds: Sequence[LineKind], wrapped_at: int
) -> Iterator[Block]:
    """Lines as blocks: wrapped lines go on, until a gap or a line that begins something else."""
    current: Block | None = None
    gap = True
    for span, kind in zip(lines, kinds, strict=True):
        if kind in ("blank", "rule"):
            gap = gap or kind == "blank"
            continue
        if kind == "plain" and current and not gap and _goes_on(text, current, span, wrapped_at):
            current = replace(current, span=Span(current.span.start, span.end))
            continue
        if current:
            yield current
        mark = HEADING.match(text, span.start, span.end) if kind == "heading" else None
        level = len(mark[1]) if mark else 6
        block_kind: BlockKind = "prose" if kind == "plain" else kind  # type: ignore[assignment]
        current = Block(block_kind, span, level if kind == "heading" else 0, gap)
        gap = False
    if current:
        yield current


def _goes_on(text: str, current: Block, span: Span, wrapped_at: int) -> bool:
    """Whether a line with no mark of its own continues a block."""
    if not wrapped_at:
        return current.kind in ("prose", "item")
    if current.kind in ("row", "heading"):
        return text[span.start].islower()
    last = text[text.rfind("\n", current.span.start, current.span.end) + 1 : current.span.end]
    ended = len(last) < wrapped_at and ENDS.search(last) is not None
    return current.kind == "prose" or (current.kind == "item" and not ended)


def _loose_lists(text: str, blocks: list[Block]) -> list[Block]:
    """Several paragraphs of one short sentence each are the items of a list that lost its marks."""
    found = list(blocks)
    run: list[int] = []
    for place, block in enumerate([*blocks, Block("margin", Span(0, 0))]):
        if block.kind == "prose" and block.follows_gap and _is_one_sentence(text, block.span):
            run.append(place)
            continue
        if len(run) >= LOOSE_ITEMS:
            for each in run:
                found[each] = replace(found[each], kind="item")
        run = []
    return found


def _is_one_sentence(text: str, span: Span) -> bool:
    part = text[span.start : span.end]
    is_short = len(part) <= LOOSE_CHARACTERS and not part.endswith((":", "?"))
    return is_short and len(split_sentences(part)) == 1
