"""The words of an extractive answer: quotes as a reader wants them, marks, sentences, citations."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag.answering.checking.citing import CitationList
from rag.answering.extracting.choosing import Part
from rag.answering.extracting.quotable import Unit, plain
from rag.answering.turn import Draft
from rag.domain import Sentence, Span, Verdict

GENERIC = frozenset(["item", "value", "name", "key", "field", "no.", "no", "nr", "thing", "what"])
"""Names of columns that say nothing."""
LABEL = re.compile(r"[^\W\d_]")
TELLING = re.compile(r"(?<=\s)[A-ZÀ-Þ]\w*(?: \w*\d\w*)?|\w*\d\w*")
LONGEST_CONTEXT = 80  # chosen: a line
FEW_COLUMNS = 6  # chosen: more do not stand on a line or two


@dataclass(slots=True)
class Writer:
    """Text as it grows, with the sentences that say where each part of it comes from."""

    citations: CitationList
    wanted: frozenset[str]
    analyze: Callable[[str], list[str]]
    text: str = ""
    sentences: list[Sentence] = field(default_factory=list)

    def write(self, parts: Sequence[Part]) -> Draft:
        """The draft that says these parts."""
        for part in parts:
            self._write_part(part)
        return Draft("answered", self.text, tuple(self.citations), tuple(self.sentences))

    def say(self, text: str, *, index: int | None = None, gap: str = "\n\n") -> None:
        """Add a line; with the `index` of a citation it is a quote, else words of our own."""
        if self.text:
            self.text += gap
        start = len(self.text)
        self.text += text if index is None else f"{text} [{index + 1}]"
        span = Span(start, len(self.text))
        verdict: Verdict = "not_checked" if index is None else "supported"
        cited, score = ((), None) if index is None else ((index,), 1.0)
        self.sentences.append(Sentence(span, self.text[start:], verdict, cited, score))

    def _write_part(self, part: Part) -> None:
        if part.note:
            self.say(part.note)
        index = self.citations.place(part.passage.document, part.span)
        gap = "\n\n"
        if part.is_list and part.lead:
            lead = plain(part.lead.text)
            is_sentence = part.lead.kind == "lead-in"
            words = lead if is_sentence else f"{lead.rstrip(':')}:"
            self.say(words, index=index if is_sentence else None)
            gap = "\n"
        before = "- " if part.is_list else self._context(part, part.units[0])
        for unit in part.units:
            self.say(before + self.read(unit), index=index, gap=gap)
            before, gap = (before, "\n") if part.is_list else ("", " ")
        if part.left_out:
            self.say(f"{part.left_out} more are in the source.", gap="\n")

    def _context(self, part: Part, unit: Unit) -> str:
        """What introduces a unit, else the heading or title that alone says of whom it speaks."""
        if part.intro:
            return f"{part.intro}: "
        own = set(self.analyze(f"{plain(unit.text)} {' '.join(unit.columns)}"))
        missing = self.wanted - own
        for name in (*reversed(unit.heading), part.source.document.title):
            if len(name) <= LONGEST_CONTEXT and missing & self._telling(name):
                return f"{name} " if name.endswith("?") else f"{name}: "
        return ""

    def _telling(self, name: str) -> set[str]:
        """The words of a name that tell it from others: those with a number or a capital."""
        return set(self.analyze(" ".join(TELLING.findall(name))))

    def read(self, unit: Unit) -> str:
        """A unit on one line; a row with the names of its columns, if these are known."""
        if unit.kind != "row":
            return plain(unit.text)
        if len(unit.columns) != len(unit.cells) or len(unit.cells) < 2:
            cells = " | ".join(cell for cell in map(plain, unit.cells) if cell)
            return f"{plain(' '.join(unit.columns))}: {cells}" if self._tells(unit) else cells
        return self._read_row(unit)

    def _tells(self, unit: Unit) -> bool:
        return any(word.casefold() not in GENERIC for word in " ".join(unit.columns).split())

    def _read_row(self, unit: Unit) -> str:
        pairs = [(_column(c), plain(v)) for c, v in zip(unit.columns, unit.cells, strict=True)]
        if len(pairs) > 2 and pairs[0][0].casefold() in GENERIC and not LABEL.match(pairs[0][1]):
            pairs = pairs[1:]
        (name, label), rest = pairs[0], [pair for pair in pairs[1:] if pair[1]]
        if not LABEL.match(label) and name.casefold() not in GENERIC:
            label = f"{name} {label}"
        if len(rest) == 1 and rest[0][0].casefold() in GENERIC:
            return f"{label}: {rest[0][1]}"
        ranked = sorted(rest, key=lambda pair: -self._asked(pair))
        said = ranked if len(rest) > FEW_COLUMNS - 1 else rest
        return f"{label}: " + "; ".join(f"{column}: {value}" for column, value in said)

    def _asked(self, pair: tuple[str, str]) -> int:
        return len(self.wanted & set(self.analyze(" ".join(pair))))


def _column(name: str) -> str:
    said = plain(name.replace("_", " "))
    is_word = said[1:2].islower() or len(said) == 1
    return said[:1].lower() + said[1:] if is_word else said
