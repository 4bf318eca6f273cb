"""Word documents without the runs that their readers cannot see: hidden, white or tiny."""

import io
import zipfile
from dataclasses import dataclass
from xml.parsers import expat

BODY = "word/document.xml"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
OFF = frozenset({"0", "FALSE", "OFF", "NONE"})
WHITE = "FFFFFF"
NO_COLOUR = frozenset({"", "AUTO", "NONE", WHITE})
TINY_HALF_POINTS = 3
MAY_BE_COLOURED = ("tbl", "txbxContent")


def drop_hidden_runs(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The document without hidden runs, and a note of how much text they held.

    White text counts as hidden only outside tables and text boxes, where nothing can shade it.
    A file that is not such an archive is returned as it is.
    """
    if not raw.startswith(b"PK"):
        return raw, ()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if BODY not in archive.namelist():
            return raw, ()
        body = archive.read(BODY)
        finder = _RunFinder(body)
        if not finder.find():
            return raw, ()
        changed = _without(body, finder.hidden)
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in archive.infolist():
                is_body = entry.filename == BODY
                target.writestr(entry.filename, changed if is_body else archive.read(entry))
    return copy.getvalue(), (f"{finder.characters} hidden characters left out",)


def _without(body: bytes, spans: list[tuple[int, int]]) -> bytes:
    kept: list[bytes] = []
    at = 0
    for start, end in spans:
        kept.append(body[at:start])
        at = end
    return b"".join([*kept, body[at:]])


@dataclass(slots=True)
class _Run:
    start: int
    characters: int = 0
    is_hidden: bool = False
    is_white: bool = False


class _RunFinder:
    """Collects the byte spans of hidden runs from a document's XML."""

    def __init__(self, body: bytes) -> None:
        self.hidden: list[tuple[int, int]] = []
        self.characters = 0
        self._body = body
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._read
        self._grounds = 0
        self._is_shaded = False
        self._run: _Run | None = None

    def find(self) -> bool:
        """Whether there are any; a body that cannot be parsed has none that we know of."""
        try:
            self._parser.Parse(self._body, True)
        except expat.ExpatError:
            return False
        return bool(self.hidden)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.removeprefix(WORD)
        value = attributes.get(f"{WORD}val", "").upper()
        if tag in MAY_BE_COLOURED or tag == "background":
            self._grounds += 1
        elif tag == "r":
            self._run = _Run(self._parser.CurrentByteIndex)
        elif tag == "p":
            self._is_shaded = False
        elif tag in ("shd", "highlight"):
            fill = attributes.get(f"{WORD}fill", value).upper()
            self._is_shaded |= fill not in NO_COLOUR
        elif self._run:
            _read_property(self._run, tag, value)

    def _read(self, data: str) -> None:
        if self._run:
            self._run.characters += len("".join(data.split()))

    def _end(self, name: str) -> None:
        tag = name.removeprefix(WORD)
        if tag in MAY_BE_COLOURED:
            self._grounds -= 1
        elif tag == "r" and self._run:
            run, self._run = self._run, None
            is_unseen = run.is_white and not self._grounds and not self._is_shaded
            if run.characters and (run.is_hidden or is_unseen):
                self.characters += run.characters
                end = self._body.index(b">", self._parser.CurrentByteIndex) + 1
                self.hidden.append((run.start, end))


def _read_property(run: _Run, tag: str, value: str) -> None:
    if tag == "vanish":
        run.is_hidden |= value not in OFF
    elif tag == "color":
        run.is_white = value == WHITE
    elif tag == "sz" and value.isdigit():
        run.is_hidden |= int(value) <= TINY_HALF_POINTS
