"""Lines of Markdown that are pieces of their own: code, table rows, headings, notes and rules."""

import re
from typing import Literal

LineKind = Literal["fence", "row", "note", "heading", "bold", "rule"]

FENCE = re.compile(r"(```|~~~)")
RULE_ROW = re.compile(r"[ \t]*\|[-:| \t]+")
NOTE = re.compile(r"\[\^?[\w-]{1,40}\] ?:(?=\s)")  # cleaned text has a space there
HEADING = re.compile(r"#{1,6}[ \t]")
BOLD_LINE = re.compile(r"\*\*[^*\n.!?]+[.!?]?\*\*:?[ \t]*")
WORD = re.compile(r"\w")


def kind_of_line(text: str, start: int) -> LineKind | None:
    """What the line that begins at `start` is, None if it is prose or an item of a list."""
    line = text[start:].partition("\n")[0]
    if FENCE.match(line):
        return "fence"
    if line.startswith("|"):
        return "row"
    if NOTE.match(line):
        return "note"
    if HEADING.match(line):
        return "heading"
    if BOLD_LINE.fullmatch(line):
        return "bold"
    return None if WORD.search(line) else "rule"


def end_of_line(text: str, start: int, kind: LineKind, *, is_end: bool) -> int | None:
    """Where it ends, None while that is not there; code ends with its fence."""
    newline = text.find("\n", start)
    if kind == "fence" and newline >= 0:
        closing = re.compile(rf"\n[ \t]*{text[start : start + 3]}[^\n]*").search(text, newline)
        newline = -1 if closing is None else text.find("\n", closing.end())
    if newline < 0:
        return len(text) if is_end else None
    return newline


def is_table_head(text: str, end: int) -> bool | None:
    """Whether the rule of a table follows a row that ends at `end`, None while that is open."""
    below, newline, _ = text[end + 1 :].partition("\n")
    is_rule = RULE_ROW.fullmatch(below) is not None
    return None if not newline and (is_rule or not below) else is_rule


def cells_of(row: str) -> list[str]:
    """The cells of a table row."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def read_row(row: str, columns: list[str] | None) -> str:
    """A row as words: with the names of its columns, where there is one for each cell."""
    cells = cells_of(row)
    if columns is None or len(columns) != len(cells):
        return ", ".join(filter(None, cells))
    named = zip(columns, cells, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
