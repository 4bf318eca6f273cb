"""Evidence taken apart into what can carry a statement: sentences, list items and rows.

A row is read with the names of its columns, an item with the line that leads in to its list, the
sentence after a question with that question, and all of them with the headings above them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Literal

from rag.domain import Span
from rag.ports import Evidence
from rag.text.sentences import split_sentences, trim

Kind = Literal["sentence", "item", "row", "heading", "question"]

HEADING = re.compile(r"(#{1,6})[ \t]+")
TABLE_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*")
ITEM = re.compile(r"(?:[-*+•·–]|\d{1,3}[.)]|\(?[a-z]\))\s+")
FIELD = re.compile(r"(?:\*\*)?([\w][^:;*\n]{0,40}?)(?:\*\*)?:[ \t]+([^;\n]*)(?:;[ \t]+|$)")
SEVERAL_FIELDS = re.compile(r"(?:(?:\*\*)?\w[^:;*\n]{0,40}?(?:\*\*)?:[ \t]+[^;\n]*;[ \t]+)+\S")
PASSAGE_MARK = re.compile(r"passage \d+:", re.I)
LAST_MARK = re.compile(r"[.!?…:;,。！？]['\"”’»)\]*_]*\s*$")
FULL_LINE = 0.72  # of the longest line; chosen: what is shorter did not have to be broken
WIDEST = 3  # units of a window: a claim that rests on more sentences sums up
TITLE_WORDS = 8  # chosen: a line of more words is no heading
PLAIN_DEPTH = 7  # below the six of Markdown: a section of whatever is open
KEPT_TEXTS = 256  # chosen: the passages that ten texts are held against
LONG_LEAD = 160  # characters; chosen: what is longer after a lead-in is a paragraph of its own


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of evidence: its span there, what it says in words, and what it is read under."""

    span: Span
    text: str
    context: str
    kind: Kind

    @property
    def carries(self) -> bool:
        """False for headings and questions, which say nothing themselves."""
        return self.kind not in ("heading", "question")


@lru_cache(maxsize=KEPT_TEXTS)
def split_units(evidence: Evidence) -> tuple[Unit, ...]:
    """The units of a text, in order; their spans hold all its words."""
    reader = _Reader(evidence)
    return tuple(unit for span in _pieces(evidence.text) for unit in reader.read(span))


def list_runs(units: Sequence[Unit]) -> list[tuple[Unit, ...]]:
    """Units that follow each other with no heading or question between them."""
    groups = groupby(units, key=lambda unit: unit.carries)
    return [tuple(run) for carries, run in groups if carries]


def list_windows(run: Sequence[Unit]) -> list[tuple[int, ...]]:
    """One to three neighbours; a row stands alone, for its neighbours speak of other things."""
    return [
        tuple(range(at, at + width))
        for width in range(1, WIDEST + 1)
        for at in range(len(run) - width + 1)
        if width == 1 or all(unit.kind != "row" for unit in run[at : at + width])
    ]


def _pieces(text: str) -> Iterator[Span]:
    """Sentences, those that hold lines of other things taken apart once more."""
    for span in split_sentences(text):
        lines = [(match.start(), match.end()) for match in _lines(text, span)]
        longest = max((end - start for start, end in lines), default=0)
        start = span.start
        for (first, last), following in pairwise(lines):
            line, after = text[first:last], text[slice(*following)].lstrip()
            is_broken = len(line) >= FULL_LINE * longest or LAST_MARK.search(line)
            if after and not after[0].islower() and (not is_broken or line.rstrip().endswith(":")):
                yield trim(text, Span(start, last))
                start = following[0]
        yield trim(text, Span(start, span.end))


def _lines(text: str, span: Span) -> Iterator[re.Match[str]]:
    return re.compile(r"[^\r\n]+").finditer(text, span.start, span.end)


class _Reader:
    """Reads pieces in order and knows what came before them."""

    def __init__(self, evidence: Evidence) -> None:
        self._text = evidence.text
        self._title = evidence.title
        self._path = list(evidence.heading)
        self._own: list[tuple[int, str]] = []
        self._columns: Sequence[str] = ()
        self._last_line = ""
        self._lead = ""
        self._question = ""

    def read(self, span: Span) -> Iterator[Unit]:
        """The unit of a piece; none for the line between a table's head and its rows."""
        raw = self._text[span.start : span.end]
        if heading := HEADING.match(raw):
            yield self._open_section(span, len(heading.group(1)), raw[heading.end() :].strip())
        elif raw.startswith("|"):
            yield from self._read_row(span, raw)
        elif SEVERAL_FIELDS.match(raw):
            yield self._unit(span, _read_fields(raw), "row")
        elif raw and not PASSAGE_MARK.fullmatch(raw.strip()):
            yield self._read_prose(span, raw)
        self._last_line = raw

    def _open_section(self, span: Span, depth: int, name: str) -> Unit:
        unit = Unit(span, name, self._context(), "heading")
        self._own = [(level, text) for level, text in self._own if level < depth]
        self._own.append((depth, name))
        self._lead = self._question = ""
        return unit

    def _is_plain_heading(self, span: Span, plain: str) -> bool:
        """A short line without a mark at its end or a digit, with more text after it."""
        is_short = len(plain.split()) <= TITLE_WORDS and plain[:1].isupper()
        is_title = not LAST_MARK.search(plain) and not any(map(str.isdigit, plain))
        return is_short and is_title and bool(self._text[span.end :].strip())

    def _read_row(self, span: Span, raw: str) -> Iterator[Unit]:
        if TABLE_RULE.fullmatch(raw.strip()):
            self._columns = _cells(self._last_line)
            return
        cells = _cells(raw)
        is_head = self._text[span.end :].lstrip("\r\n").startswith(("|-", "| -", "|:", "| :"))
        if is_head:
            yield Unit(span, " ".join(cells), self._context(), "heading")
        elif len(self._columns) == len(cells):
            named = [f"{name}: {cell}" for name, cell in zip(self._columns, cells, strict=True)]
            yield self._unit(span, "; ".join(named), "row")
        else:
            yield self._unit(span, "; ".join(cells), "row")

    def _read_prose(self, span: Span, raw: str) -> Unit:
        plain = " ".join(raw.replace("**", "").split())
        mark = ITEM.match(plain)
        if mark is None and not self._lead and self._is_plain_heading(span, plain):
            return self._open_section(span, PLAIN_DEPTH, plain)
        if plain.rstrip("*_ ").endswith(("?", "？", "؟")):
            self._question = plain
            return Unit(span, plain, self._context(), "question")
        is_item = mark is not None or bool(self._lead and len(plain) <= LONG_LEAD)
        if not is_item:
            self._lead = ""
        is_row = not is_item and not LAST_MARK.search(plain) and any(map(str.isdigit, plain))
        kind: Kind = "item" if is_item else "row" if is_row else "sentence"
        unit = self._unit(span, plain[mark.end() :] if mark else plain, kind)
        if plain.endswith(":"):
            self._lead = plain
        self._question = ""
        return unit

    def _unit(self, span: Span, text: str, kind: Kind) -> Unit:
        return Unit(
            span, text, " ".join(filter(None, (self._context(), self._lead, self._question))), kind
        )

    def _context(self) -> str:
        own = [name for _, name in self._own]
        path = own if own else self._path
        return ". ".join(dict.fromkeys([self._title, *path] if self._title else path))


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("**", "") for cell in row.strip().strip("|").split("|")]


def _read_fields(raw: str) -> str:
    """A record, the names of its fields as words."""
    fields = [(match.group(1), match.group(2)) for match in FIELD.finditer(" ".join(raw.split()))]
    return "; ".join(f"{name.replace('_', ' ')}: {value.strip()}" for name, value in fields)
