"""The structure of a text as exact spans: headings, paragraphs, list items, table rows, fences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.domain import Span

Kind = Literal["heading", "paragraph", "item", "row", "fence"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ITEM = re.compile(r"[ \t]*(?:[-*+•·]|\d{1,3}[.)])[ \t]")
DELIMITER_ROW = re.compile(r"[ \t]*\|[-:| \t]+$")
TITLE_CHARACTERS = 200
TITLE_WITHIN_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of structure; `heading` is the path it stands under, its own title included."""

    kind: Kind
    span: Span
    heading: tuple[str, ...] = ()
    columns: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def parse_plain(text: str) -> list[Block]:
    """The paragraphs of a text without markup: runs of lines between blank ones."""
    blocks: list[Block] = []
    start = end = -1
    for line in _lines(text):
        if line.text.strip():
            start, end = (line.start if start < 0 else start), line.end
        elif start >= 0:
            blocks.append(Block("paragraph", Span(start, end)))
            start = -1
    if start >= 0:
        blocks.append(Block("paragraph", Span(start, end)))
    return blocks


def parse_markdown(text: str) -> list[Block]:
    """The blocks of a Markdown text in order; what is between them is white space."""
    reader = _MarkdownReader()
    lines = list(_lines(text))
    for line in lines[_front_matter(lines, reader) :]:
        reader.read(line)
    reader.close()
    return reader.blocks


def find_title(text: str) -> str:
    """The first heading near the beginning of a Markdown text, or nothing."""
    blocks = parse_markdown(text[:TITLE_WITHIN_CHARACTERS])
    return next((block.heading[-1] for block in blocks if block.heading), "")


def _lines(text: str) -> Iterator[_Line]:
    for match in LINE.finditer(text):
        if match.group():
            content = match.group().rstrip("\r\n")
            yield _Line(match.start(), match.start() + len(content), content)


def _front_matter(lines: list[_Line], reader: "_MarkdownReader") -> int:
    if not lines or lines[0].text.rstrip() != "---":
        return 0
    for at, line in enumerate(lines[1:], 1):
        if line.text.rstrip() == "---":
            reader.add("paragraph", lines[0].start, line.end)
            return at + 1
        if not line.text.strip():
            break
    return 0


class _MarkdownReader:
    """Reads lines one after the other; at most one block is open at a time."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._open: tuple[Kind, int, int] | None = None
        self._open_lines = 0
        self._open_text = ""
        self._fence = ""
        self._path: list[tuple[int, str]] = []
        self._first_row = ""
        self._columns = ""

    def add(self, kind: Kind, start: int, end: int) -> None:
        """Record a finished block under the current heading path."""
        path = tuple(title for _, title in self._path)
        columns = self._columns if kind == "row" else ""
        self.blocks.append(Block(kind, Span(start, end), path, columns))

    def close(self) -> None:
        """Record the open block, if any."""
        if self._open:
            self.add(*self._open)
        self._open = None
        self._fence = ""

    def read(self, line: _Line) -> None:
        """Take one more line."""
        if self._fence:
            self._extend(line)
            stripped = line.text.strip()
            if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
                self.close()
            return
        is_row = line.text.lstrip().startswith("|")
        if not is_row:
            self._first_row = self._columns = ""
        if not line.text.strip():
            self.close()
        elif is_row:
            self._read_row(line)
        elif not (self._read_heading(line) or self._read_underline(line)):
            self._read_text(line)

    def _read_heading(self, line: _Line) -> bool:
        match = ATX.match(line.text)
        if match is None:
            return False
        title = line.text[match.end() :].strip()
        bare = title.rstrip("#")
        is_closed = bare[-1:] in ("", " ", "\t")
        self._add_heading(len(match.group(1)), bare if is_closed else title, line)
        return True

    def _read_underline(self, line: _Line) -> bool:
        stripped = line.text.strip()
        is_underline = len(stripped) > 1 and not stripped.strip(stripped[0])
        if stripped[0] not in "=-" or not is_underline or self._open is None:
            return False
        kind, start, end = self._open
        if kind != "paragraph" or self._open_lines != 1 or end - start > TITLE_CHARACTERS:
            return False
        self._open = None
        title = self._open_text.strip()
        self._add_heading(1 if stripped[0] == "=" else 2, title, _Line(start, line.end, ""))
        return True

    def _add_heading(self, level: int, title: str, line: _Line) -> None:
        self.close()
        self._path = [step for step in self._path if step[0] < level]
        if title.strip():
            self._path.append((level, title.strip()[:TITLE_CHARACTERS]))
        self.add("heading", line.start, line.end)

    def _read_row(self, line: _Line) -> None:
        self.close()
        if self._first_row and not self._columns and DELIMITER_ROW.match(line.text):
            self._columns = self._first_row
        elif not self._first_row:
            cells = [cell.strip() for cell in line.text.strip().strip("|").split("|")]
            self._first_row = " | ".join(cell for cell in cells if cell)[:TITLE_CHARACTERS]
        self.add("row", line.start, line.end)

    def _read_text(self, line: _Line) -> None:
        fence = FENCE.match(line.text)
        if fence:
            self.close()
            self._fence = fence.group(1)
            self._extend(line, "fence")
        elif ITEM.match(line.text):
            self.close()
            self._extend(line, "item")
        else:
            self._extend(line)

    def _extend(self, line: _Line, kind: Kind = "paragraph") -> None:
        if self._open is None:
            self._open, self._open_lines = (kind, line.start, line.end), 1
            self._open_text = line.text
        else:
            self._open = (self._open[0], self._open[1], line.end)
            self._open_lines += 1
