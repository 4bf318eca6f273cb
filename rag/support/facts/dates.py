"""Dates in any of their forms, with as much of year, month and day as is said."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rag.support.facts.bounds import Bound, find_bound

_MONTHS = """
january jan januar jänner janvier enero gennaio januari
february feb februar février fevrier febrero febbraio februari
march mar märz maerz mars marzo maart
april apr avril abril aprile
may mai mayo maggio mei
june jun juni juin junio giugno
july jul juli juillet julio luglio
august aug août aout agosto augustus
september sep sept septembre septiembre settembre
october oct oktober octobre octubre ottobre okt
november nov novembre noviembre
december dec dezember décembre decembre diciembre dicembre dez
"""
MONTHS = {
    name: number
    for number, names in enumerate(_MONTHS.strip().splitlines(), 1)
    for name in names.split()
}
_TEENS = re.findall(
    r"\w+",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
)
DAYS = {
    name: day
    for day, name in enumerate(
        [*_TEENS, *(f"twenty-{name}" for name in _TEENS[:9]), "thirtieth", "thirty-first"], 1
    )
}
FEASTS = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
}
"""Days with a name of their own that is the same date every year."""
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?P<day>[0-3]?\d)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ORDINAL = "|".join(sorted(DAYS, key=len, reverse=True))
FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"\b{_YEAR}-(?P<number>[01]\d)-{_DAY}\b",
        rf"\b{_DAY}(?:st|nd|rd|th|er|º)?\.?\s+(?:of\s+|de\s+|d['’])?(?P<month>{_NAME})\b\.?"
        rf"(?:,?\s+(?:de\s+|del\s+)?{_YEAR}\b)?",
        rf"\b(?P<month>{_NAME})\.?\s+(?:the\s+)?{_DAY}(?:st|nd|rd|th)?\b(?!\s*[:.]\d)"
        rf"(?:,?\s+{_YEAR}\b)?",
        rf"\b{_DAY}[./](?P<number>[01]?\d)[./]{_YEAR}\b",
        rf"(?<![\d./]){_DAY}[./](?P<number>[01]?\d)[./](?P<short>\d\d)(?![\d./])",
        rf"\b(?P<ordinal>{_ORDINAL})\s+(?:of\s+)?(?P<month>{_NAME})\b(?:,?\s+{_YEAR}\b)?",
        rf"\b(?P<month>{_NAME})\s+(?:the\s+)?(?P<ordinal>{_ORDINAL})\b(?:,?\s+{_YEAR}\b)?",
        rf"\b(?P<feast>{'|'.join(FEASTS)})(?:,?\s+{_YEAR}\b)?",
        rf"\b(?P<month>{_NAME})\.?,?\s+(?:de\s+|of\s+)?{_YEAR}\b",
        rf"(?<![\d.,€$£:-]){_YEAR}(?![\d.,:]*\d|[-–]\d|\s*(?:%|per cent|euros?|eur|km|m|kg)\b)",
    )
)
BARE_MONTH = re.compile(rf"\b(?P<month>{_NAME})\b", re.I)
KEPT = 4096  # texts; chosen: a statement is asked for its dates twice
COMMON_WORDS = frozenset(("may", "mar", "mars", "mai", "mei", "march", "sept"))


class Date(NamedTuple):
    """What is said of a date: 0 where it says nothing."""

    year: int
    month: int
    day: int
    start: int
    end: int
    bound: Bound = ""

    def agrees(self, other: "Date") -> bool:
        """Whether both can be one day, and share at least one part."""
        parts = list(zip(self[:3], other[:3], strict=True))
        is_shared = any(one and one == two for one, two in parts)
        return is_shared and all(one == two for one, two in parts if one and two)

    def holds(self, other: "Date") -> bool:
        """Whether this says all that the other one says."""
        return all(not two or one == two for one, two in zip(self[:3], other[:3], strict=True))


@lru_cache(maxsize=KEPT)
def find_dates(text: str) -> tuple[Date, ...]:
    """The dates of a text in order; a month alone counts where it cannot be another word."""
    found: list[Date] = []
    for form in FORMS:
        for match in form.finditer(text):
            if all(match.end() <= date.start or date.end <= match.start() for date in found):
                found.append(_read(match))
    found = [date for date in found if _is_date(text, date)]
    found += [other for date in found for other in _in_same_month(text, date)]
    taken = [(date.start, date.end) for date in found]
    found += [
        date
        for date in _bare_months(text)
        if all(date.start >= end or date.end <= start for start, end in taken)
    ]
    return tuple(
        date._replace(bound=find_bound(text, date.start, date.end, is_time=True))
        for date in sorted(found, key=lambda date: date.start)
    )


DAY_BEFORE = re.compile(
    r"(?<![\d.,:])([0-3]?\d)(?:st|nd|rd|th|\.)?\s*(?:[-–,]|to|and|or|bis|und|et|au|y|al|e|en|tot)\s*(?:the\s)?$"
)
DAY_AFTER = re.compile(
    r"\s*(?:[-–,]|to|and|or)\s*(?:the\s)?([0-3]?\d)(?:st|nd|rd|th)?(?![\d:%])(?!\.\d)(?!\s?[a-z]{1,2}\b)"
)


def _is_date(text: str, date: "Date") -> bool:
    """Not so for "24 may", in which a verb follows a number."""
    return date.year > 0 or not re.search(r"\b(?:may|march|mar)$", text[date.start : date.end])


def _in_same_month(text: str, date: "Date") -> Iterator["Date"]:
    """The other day of "15 and 16 September" or of "September 15th and 16th"."""
    if not (date.day and date.month):
        return
    before = DAY_BEFORE.search(text, max(0, date.start - 14), date.start)
    if before and text[date.start].isdigit() and 0 < int(before.group(1)) < 32:
        yield date._replace(day=int(before.group(1)), start=before.start(1), end=before.end(1))
    after = DAY_AFTER.match(text, date.end)
    if after and not text[date.start].isdigit() and 0 < int(after.group(1)) < 32:
        yield date._replace(day=int(after.group(1)), start=after.start(1), end=after.end(1))


def _bare_months(text: str) -> Iterator[Date]:
    for match in BARE_MONTH.finditer(text):
        name = match.group("month")
        if name[0].isupper() and len(name) > 3 and name.lower() not in COMMON_WORDS:
            yield Date(0, MONTHS[name.lower()], 0, *match.span())


def _read(match: re.Match[str]) -> Date:
    parts = {name: value for name, value in match.groupdict().items() if value}
    year = int(parts.get("year", 0)) or (2000 + int(parts["short"]) if "short" in parts else 0)
    if "feast" in parts:
        return Date(year, *FEASTS[parts["feast"].lower()], *match.span())
    month = int(parts.get("number", 0)) or MONTHS.get(parts.get("month", "").lower(), 0)
    day = int(parts.get("day", 0)) or DAYS.get(parts.get("ordinal", "").lower(), 0)
    return Date(year, month, day, *match.span())
