"""What a document says of itself, read from its front matter, its head and its file's name.

The days on which files were made or saved are not read: many programs write one of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from re import Pattern

from ingest.text.particulars import phrases
from ingest.text.particulars.file_names import read_file_name, series_of
from ingest.text.particulars.heads import find_head
from rag.domain import MetadataValue
from rag.text.days import first_day, last_day, read_day, read_range_start

STATEMENT_CHARACTERS = 200  # chosen: what is replaced is named in one sentence
MOST_NAMED = 5  # chosen: documents that one replaces
DOUBT = "{} left out: no such day, or day and month may be swapped"
MAIL = ("message/rfc822", "application/vnd.ms-outlook")
"""They speak of other documents."""
ALIASES = {
    "number": ("document_number", "doc_number", "doc_id", "document_id"),
    "version": ("revision", "edition"),
    "date": ("updated", "last_updated", "published", "last_modified", "issued"),
    "valid_from": ("effective_date", "effective_from", "effective", "in_force_from"),
    "valid_to": ("valid_until", "expires", "expiry_date", "expiration_date"),
    "replaces": ("supersedes",),
    "replaced_by": ("superseded_by",),
    "status": ("state",),
}
"""What front matter may call each of them; blanks and dashes of its names count as `_`."""


@dataclass(slots=True)
class _Reader:
    """The head that is being read, what was found in it, and what is doubtful of it."""

    head: str
    found: dict[str, MetadataValue] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def read_references(self) -> None:
        """What it replaces and what replaces it; taken out, so that no day of theirs is its own."""
        for key, pattern in (
            ("replaced_by", phrases.REPLACED_BY),
            ("replaces", phrases.REPLACES),
        ):
            while said := pattern.search(self.head):
                end = phrases.SENTENCE_END.search(self.head, said.end())
                stop = min(
                    end.start() if end else len(self.head), said.end() + STATEMENT_CHARACTERS
                )
                names = tuple(_name_referred(self.head[said.end() : stop]))
                if names and key not in self.found:
                    self.found[key] = names
                self.head = f"{self.head[: said.start()]}\n\n{self.head[stop:]}"

    def read_status(self) -> None:
        for status, pattern in phrases.STATUS.items():
            if pattern.search(self.head):
                self.found["status"] = status

    def read_number(self, title: str) -> None:
        """A number in the head of a record may be that of what it speaks of."""
        places = [phrases.LEADING_CODE.match(title), phrases.NUMBER.search(title)]
        places += [] if phrases.is_record(title) else [phrases.NUMBER.search(self.head)]
        code = next((found["code"] for found in places if found), "")
        if _is_code(code):
            self.found["number"] = code

    def read_version(self) -> None:
        """Its version, and the day that stands beside it."""
        for said in phrases.VERSION.finditer(self.head):
            self.found["version"] = said["after"] or said["short"] or said["before"]
            beside = phrases.DAY_OF_VERSION.match(self.head, said.end())
            day = read_day(self.head, beside.end()) if beside else None
            if day and day[0]:
                self.found["date"] = day[0]
            return

    def read_days(self) -> None:
        """From when until when it holds, and its own day."""
        self._read_day("date", phrases.DATED)
        self._read_day("valid_to", phrases.VALID_TO)
        for said in phrases.VALID_FROM.finditer(self.head):
            day = read_day(self.head, said.end())
            start = self._note("valid_from", day) if day else ""
            start, end = self._read_range(said.end(), day[1] if day else None, start)
            if start:
                self.found["valid_from"] = start
            if end:
                self.found["valid_to"] = end
            if day or start:
                return

    def _read_range(self, at: int, start_end: int | None, start: str) -> tuple[str, str]:
        """Both ends of "1 to 30 April 2025", whose first end may lack month or year."""
        for until in phrases.UNTIL.finditer(self.head, at, at + STATEMENT_CHARACTERS):
            end = read_day(self.head, until.end())
            if end is None or not end[0]:
                continue
            if start_end is not None:
                return start, end[0] if start_end == until.start() else ""
            first = read_range_start(self.head, at, end[0])
            return (first[0], end[0]) if first and first[1] == until.start() else ("", "")
        return start, ""

    def _read_day(self, key: str, pattern: Pattern[str]) -> None:
        for said in pattern.finditer(self.head):
            day = read_day(self.head, said.end())
            if day and self._note(key, day):
                self.found.setdefault(key, day[0])
                return

    def _note(self, key: str, day: tuple[str, int]) -> str:
        if not day[0]:
            self.doubts.append(DOUBT.format(key))
        return day[0]


def read_particulars(
    text: str,
    *,
    title: str,
    name: str,
    media_type: str,
    is_markdown: bool,
    metadata: Mapping[str, MetadataValue],
) -> tuple[dict[str, MetadataValue], list[str]]:
    """Number, version, days, status and series of a document, and what was doubtful of them.

    `metadata` is what it says in its front matter, which is surer than its head, and that surer
    than the `name` of its file.
    """
    reader = _Reader("" if media_type in MAIL else find_head(text, is_markdown=is_markdown))
    reader.read_references()
    reader.read_status()
    reader.read_number(title)
    reader.read_version()
    reader.read_days()
    named = read_file_name(name, title)
    front = _read_front_matter(metadata, reader.doubts)
    found = {**named, **reader.found, **front}
    _settle_days(found, reader.doubts)
    if found.keys() & {"version", "valid_from", "replaces", "replaced_by", "status"} or named:
        found["series"] = series_of(name, title)
    return found, list(dict.fromkeys(reader.doubts))


def _name_referred(statement: str) -> Iterator[str]:
    """Numbers, version and day by which a sentence names other documents, else its words."""
    names = [found["code"] for found in phrases.CODES.finditer(statement)][:MOST_NAMED]
    version = phrases.VERSION.search(statement)
    if version:
        names.append(f"version {version['after'] or version['short'] or version['before']}")
    days = (read_day(statement, at) for at in _word_starts(statement))
    names += [day[0] for day in days if day and len(day[0]) == len("2025-01-01")][:MOST_NAMED]
    words = " ".join(statement.split()).strip(" :*|.\"'")
    yield from dict.fromkeys(names or ([words] if words else []))


def _word_starts(text: str) -> Iterator[int]:
    return (at for at in range(len(text)) if not at or not text[at - 1].isalnum())


def _read_front_matter(
    metadata: Mapping[str, MetadataValue], doubts: list[str]
) -> dict[str, MetadataValue]:
    said = {key.lower().replace("-", "_").replace(" ", "_"): v for key, v in metadata.items()}
    found: dict[str, MetadataValue] = {}
    for key, aliases in ALIASES.items():
        value = next((said[name] for name in (key, *aliases) if name in said), None)
        plain = _read_value(key, value) if value is not None else None
        if plain:
            found[key] = plain
        elif value is not None and key in ("date", "valid_from", "valid_to"):
            doubts.append(DOUBT.format(key))
    return found


def _read_value(key: str, value: MetadataValue) -> MetadataValue:
    if key in ("replaces", "replaced_by"):
        return tuple(map(str, value if isinstance(value, tuple) else (value,)))
    text = str(value).strip()
    if key == "version":
        return text
    if key == "number":
        return text if _is_code(text) else ""
    if key == "status":
        return next((name for name, each in phrases.STATUS.items() if each.search(text)), "")
    day = read_day(text)
    return day[0] if day else ""


def _is_code(text: str) -> bool:
    return any(map(str.isalpha, text)) and any(map(str.isdigit, text))


def _settle_days(found: dict[str, MetadataValue], doubts: list[str]) -> None:
    """Whole days for the time in which it holds; an end before its beginning is left out."""
    start, end = str(found.get("valid_from", "")), str(found.get("valid_to", ""))
    if start:
        found["valid_from"] = first_day(start)
        if len(str(found.get("date", ""))) == len("2025"):
            del found["date"]  # which the name of its file told, and this tells better
    if end:
        found["valid_to"] = last_day(end)
    if start and end and last_day(end) < first_day(start):
        del found["valid_to"]
        doubts.append(f"it holds until {end}, before it holds from {start}: the end is left out")
