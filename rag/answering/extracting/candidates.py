"""Candidates of an answer: what the passages hold that can be quoted, and what stands around it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.extracting.quotable import Unit, read_units
from rag.domain import Document, Passage, Span
from rag.ports import DocumentStore

WHOLE = 60_000  # measured: characters of a text that are read in about ten milliseconds
WORD_BREAK = re.compile(r"[-_.]+")
LIST_CHARACTERS = 500  # chosen: what of a list is embedded, some four items
MARGIN = 4_000  # chosen: lists and tables reach as far beyond the passage of a longer text


@dataclass(frozen=True, slots=True, eq=False)
class ReadText:
    """A document, its units, and the character at which they begin to count."""

    document: Document
    units: tuple[Unit, ...]
    at: int = 0

    @property
    def name(self) -> str:
        """What the document is called: its title, and the words of its file's name."""
        file = self.document.source.rsplit("/", 1)[-1]
        return f"{self.document.title} {WORD_BREAK.sub(' ', file)}"

    def span(self, unit: Unit) -> Span:
        """Where a unit stands in the document."""
        return Span(self.at + unit.span.start, self.at + unit.span.end)

    def group(self, unit: Unit) -> list[Unit]:
        """All items of the list, or rows of the table, that a unit is of; else the unit alone."""
        if unit.group is None:
            return [unit]
        return [each for each in self.units if each.group == unit.group and each.is_quotable]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A unit of a passage that can be quoted."""

    passage: Passage
    source: ReadText
    unit: Unit
    place: int

    @property
    def span(self) -> Span:
        """Where it stands in its document."""
        return self.source.span(self.unit)

    def mentions(self, name: str) -> bool:
        """Whether it, its headings or its document name that; a name is read as whole words."""
        unit = self.unit
        said = [unit.text, *unit.heading, self.source.name, unit.before.text if unit.before else ""]
        said += [f"{column} {cell}" for column, cell in zip(unit.columns, unit.cells, strict=False)]
        return any(re.search(rf"\b{re.escape(name)}\b", text, re.I) for text in said)

    @property
    def previous(self) -> Unit | None:
        """What stands before it, unless that is a page header or nothing."""
        before = self.source.units[self.place - 1] if self.place else None
        return before if before and before.kind != "margin" else None

    @property
    def next(self) -> Unit | None:
        """What stands after it."""
        after = self.source.units[self.place + 1 : self.place + 2]
        return after[0] if after else None


def find_candidates(passages: tuple[Passage, ...], documents: DocumentStore) -> list[Candidate]:
    """All units that can be quoted, passage by passage."""
    return [each for passage in passages for each in _candidates(passage, documents)]


def merge_lists(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, in which each list or table stands once, with the words of all of it."""
    merged: list[Candidate] = []
    met: set[tuple[str, int, int | None]] = set()
    for each in candidates:
        group = each.source.group(each.unit)
        key = (each.source.document.id, each.source.at, each.unit.group)
        if len(group) == 1:
            merged.append(each)
        elif key not in met:
            met.add(key)
            merged.append(replace(each, unit=_join(each.unit, group)))
    return merged


def _join(unit: Unit, group: Sequence[Unit]) -> Unit:
    """A list as one unit, as far as it is read to be ranked."""
    text = "\n".join(each.text for each in group)[:LIST_CHARACTERS]
    return replace(unit, text=text, span=Span(group[0].span.start, group[-1].span.end), cells=())


def _candidates(passage: Passage, documents: DocumentStore) -> Iterator[Candidate]:
    source = _read(documents.document(passage.document.id), passage.span)
    for place, unit in enumerate(source.units):
        span = source.span(unit)
        is_inside = passage.span.start < span.end and span.start < passage.span.end
        if is_inside and unit.is_quotable:
            yield Candidate(passage, source, _with_columns(unit, passage), place)


def _with_columns(unit: Unit, passage: Passage) -> Unit:
    """A row with the columns that its chunk was given, where its table begins too far above."""
    columns = tuple(passage.heading[-1].split(" | ")) if passage.heading else ()
    is_without = unit.kind == "row" and not unit.columns
    fits = len(columns) == len(unit.cells) > 1
    return replace(unit, columns=columns) if is_without and fits else unit


def _read(document: Document, span: Span) -> ReadText:
    text, is_paged = document.text, bool(document.pages)
    if len(text) <= WHOLE:
        return ReadText(document, read_units(text, is_paged=is_paged))
    start = text.rfind("\n", 0, max(0, span.start - MARGIN)) + 1
    end = text.find("\n", span.end + MARGIN)
    window = text[start : end if end >= 0 else len(text)]
    return ReadText(document, read_units(window, is_paged=is_paged), start)
