"""Dates in any of their forms, with as much of year, month and day as is said."""

import re
from collections.abc import Iterator
from typing import NamedTuple

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
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?P<day>[0-3]?\d)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"\b{_YEAR}-(?P<number>[01]\d)-{_DAY}\b",
        rf"\b{_DAY}(?:st|nd|rd|th|er|º)?\.?\s+(?:of\s+|de\s+|d['’])?(?P<month>{_NAME})\b\.?"
        rf"(?:,?\s+(?:de\s+|del\s+)?{_YEAR}\b)?",
        rf"\b(?P<month>{_NAME})\.?\s+(?:the\s+)?{_DAY}(?:st|nd|rd|th)?\b(?!\s*[:.]\d)"
        rf"(?:,?\s+{_YEAR}\b)?",
        rf"\b{_DAY}[./](?P<number>[01]?\d)[./]{_YEAR}\b",
        rf"\b(?P<month>{_NAME})\.?,?\s+(?:de\s+|of\s+)?{_YEAR}\b",
        rf"(?<![\d.,€$£:-]){_YEAR}(?![\d.,:]*\d|[-–]\d|\s*(?:%|per cent|euros?|eur|km|m|kg)\b)",
    )
)
BARE_MONTH = re.compile(rf"\b(?P<month>{_NAME})\b", re.I)
COMMON_WORDS = frozenset(("may", "mar", "mars", "mai", "mei", "march", "sept"))


class Date(NamedTuple):
    """What is said of a date: 0 where it says nothing."""

    year: int
    month: int
    day: int
    start: int
    end: int

    def agrees(self, other: "Date") -> bool:
        """Whether both can be one day, and share at least one part."""
        parts = list(zip(self[:3], other[:3], strict=True))
        is_shared = any(one and one == two for one, two in parts)
        return is_shared and all(one == two for one, two in parts if one and two)

    def holds(self, other: "Date") -> bool:
        """Whether this says all that the other one says."""
        return all(not two or one == two for one, two in zip(self[:3], other[:3], strict=True))


def find_dates(text: str) -> list[Date]:
    """The dates of a text in order; a month alone counts where it cannot be another word."""
    found: list[Date] = []
    for form in FORMS:
        for match in form.finditer(text):
            if all(match.end() <= date.start or date.end <= match.start() for date in found):
                found.append(_read(match))
    taken = [(date.start, date.end) for date in found]
    found += [date for date in _bare_months(text) if all(date.start >= end or date.end <= start for start, end in taken)]
    return sorted(found, key=lambda date: date.start)


def _bare_months(text: str) -> Iterator[Date]:
    for match in BARE_MONTH.finditer(text):
        name = match.group("month")
        if name[0].isupper() and len(name) > 3 and name.lower() not in COMMON_WORDS:
            yield Date(0, MONTHS[name.lower()], 0, *match.span())


def _read(match: re.Match[str]) -> Date:
    parts = match.groupdict()
    month = parts.get("number") or MONTHS[parts["month"].lower()] if parts.get("number") or parts.get("month") else 0
    return Date(int(parts.get("year") or 0), int(month), int(parts.get("day") or 0), *match.span())
