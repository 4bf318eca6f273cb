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
FRONT_MATTER_KEY = re.compile(r"[\"']?\w[\w .-]{0,60}[\"']?:(?=[ \t]|$)")
FRONT_MATTER_LINE = re.compile(FRONT_MATTER_KEY.pattern + r"|[ \t]|-[ \t]|[\]}]|#(?!#)|$")
FRONT_MATTER_WITHIN_CHARACTERS = 100_000
COMMENT_START = re.compile(r" {0,3}<!--")
COMMENT_END = "-->"
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
    """The blocks of a Markdown text in order, without its front matter and its comments."""
    reader = _MarkdownReader(text)
    start = find_front_matter(text)
    for line in _lines(text):
        if line.start >= start:
            reader.read(line)
    reader.close()
    return reader.blocks


def find_front_matter(text: str) -> int:
    """Where the front matter at the beginning of a Markdown text ends, 0 if there is none."""
    lines = _lines(text)
    first = next(lines, None)
    if first is None or first.text.rstrip() != "---":
        return 0
    is_named = False
    for line in lines:
        if line.text.rstrip() in ("---", "..."):
            return line.end if is_named else 0
        if not FRONT_MATTER_LINE.match(line.text) or line.start > FRONT_MATTER_WITHIN_CHARACTERS:
            return 0
        is_named = is_named or FRONT_MATTER_KEY.match(line.text) is not None
    return 0


def find_title(text: str) -> str:
    """The first heading near the beginning of a Markdown text, or nothing."""
    blocks = parse_markdown(text[:TITLE_WITHIN_CHARACTERS])
    return next((block.heading[-1] for block in blocks if block.heading), "")


def _lines(text: str) -> Iterator[_Line]:
    for match in LINE.finditer(text):
        if match.group():
            content = match.group().rstrip("\r\n")
            yield _Line(match.start(), match.start() + len(content), content)


class _MarkdownReader:
    """Reads lines one after the other; at most one block is open at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._comment_end = 0
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
            self._read_fence(line)
        elif not self._read_comment(line):
            self._read_line(line)

    def _read_fence(self, line: _Line) -> None:
        self._extend(line)
        stripped = line.text.strip()
        if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
            self.close()

    def _read_comment(self, line: _Line) -> bool:
        """A comment on lines of its own is in no block; behind one that text follows it stays."""
        if line.start < self._comment_end:
            return True
        if not COMMENT_START.match(line.text):
            return False
        end = self._text.find(COMMENT_END, line.start)
        if end < 0:
            return False
        line_end = self._text.find("\n", end)
        rest = self._text[end + len(COMMENT_END) : line_end if line_end >= 0 else None]
        if rest.strip():
            return False
        self.close()
        self._comment_end = end
        return True

    def _read_line(self, line: _Line) -> None:
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
