"""Days as people write them in English, German, French and Spanish, as ISO dates."""

import re
from calendar import monthrange
from datetime import date

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar janvier enero jan janv ene jänner",
            "february februar février fevrier febrero feb févr fév",
            "march märz maerz mars marzo mar mrz",
            "april avril abril apr avr abr",
            "may mai mayo",
            "june juni juin junio jun",
            "july juli juillet julio jul juil",
            "august août aout agosto aug ago",
            "september septembre septiembre sep sept set",
            "october oktober octobre octubre oct okt",
            "november novembre noviembre nov",
            "december dezember décembre decembre diciembre dec dez déc dic",
        ),
        1,
    )
    for name in names.split()
}
FIRST_YEAR, LAST_YEAR = 1900, 2060
"""Chosen: what lies outside is a slip, or stands for "for ever" as 2099 and 9999 do."""
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:st|nd|rd|th|er|º|\.)?"
_OF = r"[\s,]+(?:of\s+|de\s+|del\s+)?"
DAY = rf"""(?<!\d)(?:
    (?P<iso>\d{{4}}[-/.](?:0\d|1\d)[-/.][0-3]\d)(?!\d)
  | (?P<iso_month>\d{{4}}-(?:0[1-9]|1[0-2]))(?![\d-])
  | (?P<digits>\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}})(?!\d)
  | (?P<day>{_DAY}){_ORDINAL}{_OF}(?P<month>{_NAME})\.?{_OF}(?P<year>\d{{4}})(?!\d)
  | (?P<month_first>{_NAME})\.?\s+(?P<day_after>{_DAY}){_ORDINAL},?\s+(?P<year_after>\d{{4}})(?!\d)
  | (?P<month_alone>{_NAME})\.?{_OF}(?P<year_alone>\d{{4}})(?!\d)
  | (?P<numbered>(?:0?[1-9]|1[0-2])/\d{{4}})(?!\d)
  | (?P<only_year>(?:19|20)\d\d)(?![\d.-])
)"""
WRITTEN_DAY = re.compile(DAY, re.I | re.X)
DAY_WITHOUT_YEAR = re.compile(
    rf"(?P<day>{_DAY}){_ORDINAL}(?:{_OF}(?P<month>{_NAME}))?\.?(?=\s|[-–])", re.I
)


def read_day(text: str, at: int = 0) -> tuple[str, int] | None:
    """The day that is written at this place, and where it ends; None where none is.

    It is an ISO date, of a month or year where no more is said, and empty where there is no such
    day, or it is one day in Europe and another in America.
    """
    found = WRITTEN_DAY.match(text, at)
    return (_to_iso(found), found.end()) if found else None


def read_range_start(text: str, at: int, end: str) -> tuple[str, int] | None:
    """As `read_day`, for "28 April" or "28." before the rest of a range that ends on day `end`."""
    found = DAY_WITHOUT_YEAR.match(text, at)
    if found is None or len(end) < len("2025-01-01"):
        return None
    month = MONTHS[found["month"].lower()] if found["month"] else int(end[5:7])
    return _iso(int(end[:4]), month, int(found["day"])), found.end()


def _to_iso(found: re.Match[str]) -> str:
    said = found.groupdict()
    if said["iso"]:
        return _iso(*map(int, re.split(r"[-/.]", said["iso"])))
    if said["iso_month"]:
        return said["iso_month"] if _iso(int(said["iso_month"][:4])) else ""
    if said["digits"]:
        return _read_digits(said["digits"])
    if said["numbered"]:
        month, year = said["numbered"].split("/")
        return _iso(int(year), int(month))
    for month, day, year in (
        ("month", "day", "year"),
        ("month_first", "day_after", "year_after"),
    ):
        if said[month]:
            return _iso(int(said[year]), MONTHS[said[month].lower()], int(said[day]))
    if said["month_alone"]:
        return _iso(int(said["year_alone"]), MONTHS[said["month_alone"].lower()])
    return _iso(int(said["only_year"]))


def _read_digits(written: str) -> str:
    first, second, year = map(int, re.split(r"[./-]", written))
    if "." in written or first > 12 or first == second:  # no month is a thirteenth
        return _iso(year, second, first)
    return _iso(year, first, second) if second > 12 else ""  # as above


def _iso(year: int, month: int | None = None, day: int | None = None) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ""
    if month is None:
        return f"{year}"
    if day is None:
        return f"{year}-{month:02}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def first_day(said: str) -> str:
    """The first day of a year or month that is said; a day, or nothing, as it is."""
    return said + "-01-01"[len(said) - len("2025") :] if said else ""


def last_day(said: str) -> str:
    """The last day of a year or month that is said; a day, or nothing, as it is."""
    if len(said) == len("2025"):
        return f"{said}-12-31"
    if len(said) == len("2025-01"):
        return f"{said}-{monthrange(int(said[:4]), int(said[5:]))[1]}"
    return said
