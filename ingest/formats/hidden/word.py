"""Word documents without the runs that their readers cannot see: hidden, tiny, or as pale as paper.

What a run looks like is said by itself, its character style, its paragraph's style, the styles that
these are based on, and the document's defaults, the nearest first.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from ingest.formats.hidden.colours import WHITE, Rgb, is_faint, read_colour

# The parts that become text; headers and footers do not.
PARTS = re.compile(r"word/(?:document|footnotes|endnotes)\d*\.xml")
STYLES = "word/styles.xml"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
OFF = frozenset({"0", "false", "off", "none"})
# 1.5 pt, the size that `looks.TINY_PX` is in pixels.
TINY_HALF_POINTS = 3
# Chosen: templates base a handful of styles on each other; a circle of them ends here.
DEEPEST_STYLES = 20
MAY_BE_COLOURED = ("tbl", "txbxContent")
PROPERTIES = ("vanish", "color", "sz", "shd", "highlight")
HEX = re.compile(r"[0-9a-f]{6}")
# The colours of the theme that are white unless somebody changed it.
LIGHT = ("background1", "light1")

Values = Mapping[str, str]


def drop_hidden_runs(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The document without hidden runs, and a note of how much text they held.

    Pale text counts as hidden only where the ground behind it is known: in tables and text boxes
    only where a cell, paragraph or run says what it is. A file that is not such an archive is
    returned as it is.
    """
    if not raw.startswith(b"PK"):
        return raw, ()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = set(archive.namelist())
        styles = _Styles(archive.read(STYLES) if STYLES in names else b"")
        finders = {
            name: _RunFinder(archive.read(name), styles) for name in names if PARTS.fullmatch(name)
        }
        changed = {name: finder.cleaned() for name, finder in finders.items() if finder.find()}
        if not changed:
            return raw, ()
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in archive.infolist():
                content = changed.get(entry.filename)
                target.writestr(entry.filename, archive.read(entry) if content is None else content)
    characters = sum(finders[name].characters for name in changed)
    return copy.getvalue(), (f"{characters} hidden characters left out",)


class _Styles:
    """What the styles of a document say of runs."""

    def __init__(self, part: bytes) -> None:
        self.defaults: dict[str, str] = {}
        self._own: dict[str, dict[str, str]] = {}
        self._based_on: dict[str, str] = {}
        self._standard: dict[str, str] = {}
        self._known: dict[tuple[str, str], Values] = {}
        self._name = ""
        self._values = self.defaults
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._read
        with suppress(expat.ExpatError):  # what is broken says no more
            parser.Parse(part, True)

    def _read(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.removeprefix(WORD)
        if tag == "style":
            self._name = attributes.get(f"{WORD}styleId", "")
            self._values = self._own[self._name] = {}
            if attributes.get(f"{WORD}default", "0").lower() not in OFF:
                self._standard[attributes.get(f"{WORD}type", "")] = self._name
        elif tag == "basedOn":
            self._based_on[self._name] = attributes.get(f"{WORD}val", "")
        elif tag in PROPERTIES:  # what it was before a change comes second
            self._values.setdefault(tag, _value(tag, attributes))

    def of(self, kind: str, name: str) -> Values:
        """The values of a style, or of the standard one of its kind, and those it is based on."""
        if (kind, name) not in self._known:
            self._known[kind, name] = self._gather(kind, name)
        return self._known[kind, name]

    def _gather(self, kind: str, name: str) -> Values:
        found: Values = {}
        at = name or self._standard.get(kind, "")
        for _ in range(DEEPEST_STYLES):
            found = {**self._own.get(at, {}), **found}
            at = self._based_on.get(at, "")
        return found


def _value(tag: str, attributes: Mapping[str, str]) -> str:
    """A property in one word: a switch as "1" or "0", a colour as the style sheets of pages do."""
    value = attributes.get(f"{WORD}val", "").lower()
    if tag == "vanish":
        return "0" if value in OFF else "1"
    if tag == "shd":
        value = (
            attributes.get(f"{WORD}fill", "").lower()
            if value in ("", "clear", "nil")
            else "pattern"
        )
    if tag == "color" and not HEX.fullmatch(value) and attributes.get(f"{WORD}themeColor") in LIGHT:
        value = "ffffff"
    return f"#{value}" if HEX.fullmatch(value) else value


@dataclass(slots=True)
class _Run:
    start: int
    values: dict[str, str] = field(default_factory=dict)
    style: str = ""
    characters: int = 0


@dataclass(frozen=True, slots=True)
class _Paragraph:
    style: str = ""
    shade: str = ""


class _RunFinder:
    """Collects the byte spans of hidden runs from a part's XML."""

    def __init__(self, body: bytes, styles: _Styles) -> None:
        self.characters = 0
        self._hidden: list[tuple[int, int]] = []
        self._body = body
        self._styles = styles
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._read
        self._grounds: list[str] = []
        self._aside = 0
        self._paragraph = _Paragraph()
        self._is_in_paragraph = False
        self._run: _Run | None = None

    def find(self) -> bool:
        """Whether there are any; a part that cannot be parsed has none that we know of."""
        try:
            self._parser.Parse(self._body, True)
        except expat.ExpatError:
            return False
        return bool(self._hidden)

    def cleaned(self) -> bytes:
        """The part without them."""
        starts = [0, *(end for _, end in self._hidden)]
        ends = [*(start for start, _ in self._hidden), len(self._body)]
        return b"".join(self._body[a:b] for a, b in zip(starts, ends, strict=True))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.removeprefix(WORD)
        if self._is_aside(tag):
            self._aside += 1
        elif tag in (*MAY_BE_COLOURED, "tc"):
            self._grounds.append(self._grounds[-1] if tag == "tc" and self._grounds else "unknown")
        elif tag == "background":
            self._grounds.append("unknown")
        elif tag == "r":
            self._run = _Run(self._parser.CurrentByteIndex)
        elif self._run:
            self._read_run(self._run, tag, attributes)
        else:
            self._read_ground(tag, attributes)

    def _is_aside(self, tag: str) -> bool:
        """Within how something looked before, or how the mark behind a paragraph looks."""
        return self._aside > 0 or tag.endswith("PrChange") or (tag == "rPr" and not self._run)

    def _read_run(self, run: _Run, tag: str, attributes: dict[str, str]) -> None:
        if tag == "rStyle":
            run.style = attributes.get(f"{WORD}val", "")
        elif tag in PROPERTIES:
            run.values[tag] = _value(tag, attributes)

    def _read_ground(self, tag: str, attributes: dict[str, str]) -> None:
        """Of a paragraph its style and shade, of a cell its shade."""
        if tag == "p":
            self._paragraph = _Paragraph()
            self._is_in_paragraph = True
        elif tag == "pStyle":
            self._paragraph = replace(self._paragraph, style=attributes.get(f"{WORD}val", ""))
        elif tag == "shd" and self._is_in_paragraph:
            self._paragraph = replace(self._paragraph, shade=_value(tag, attributes))
        elif tag == "shd" and self._grounds:
            self._grounds[-1] = _value(tag, attributes)

    def _read(self, data: str) -> None:
        if self._run:
            self._run.characters += len("".join(data.split()))

    def _end(self, name: str) -> None:
        tag = name.removeprefix(WORD)
        if self._aside:
            self._aside -= 1
        elif tag in (*MAY_BE_COLOURED, "tc"):
            self._grounds.pop()
        elif tag == "p":
            self._is_in_paragraph = False
        elif tag == "r" and self._run:
            run, self._run = self._run, None
            if run.characters and self._hides(run):
                self.characters += run.characters
                end = self._body.index(b">", self._parser.CurrentByteIndex) + 1
                self._hidden.append((run.start, end))

    def _hides(self, run: _Run) -> bool:
        by_paragraph = self._styles.of("paragraph", self._paragraph.style)
        by_run = self._styles.of("character", run.style)
        values = {**self._styles.defaults, **by_paragraph, **by_run, **run.values}
        if _is_vanished(run.values, self._styles.defaults, by_paragraph, by_run):
            return True
        size = values.get("sz", "")
        if size.isdigit() and int(size) <= TINY_HALF_POINTS:
            return True
        ink = read_colour(values.get("color", "")) or read_colour("black")
        return is_faint(ink, 1.0, self._ground(values))

    def _ground(self, values: Values) -> Rgb | None:
        """The colour behind a run, or None where it cannot be told."""
        around = self._grounds[-1] if self._grounds else ""
        for said in (values.get("highlight", ""), values.get("shd", ""), self._paragraph.shade):
            if said not in ("", "none", "auto"):
                return _known(said)
        return WHITE if around in ("", "none", "auto") else _known(around)


def _known(colour: str) -> Rgb | None:
    found = read_colour(colour)
    return None if found is None else found[0]


def _is_vanished(own: Values, defaults: Values, by_paragraph: Values, by_run: Values) -> bool:
    """By the standard's rule for switches: styles turn each other's around (ISO 29500, 17.7.3)."""
    if "vanish" in own:
        return own["vanish"] == "1"
    if defaults.get("vanish") == "1":
        return True
    return by_paragraph.get("vanish", "0") != by_run.get("vanish", "0")
