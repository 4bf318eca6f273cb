"""The amounts of a text, each with its unit: what two sources can disagree about."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rag.text.days import WRITTEN_DAY, read_day

WORDS = {
    word: number
    for number, words in enumerate(
        (
            *("two zwei deux dos", "three drei trois tres", "four vier quatre cuatro"),
            *("five fünf cinq cinco", "six sechs seis", "seven sieben sept siete"),
            *("eight acht huit ocho", "nine neun neuf nueve", "ten zehn dix diez"),
            *("eleven elf onze once", "twelve zwölf douze doce"),
        ),
        2,
    )
    for word in words.split()
}
CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-4])(?:[:.h](?P<minute>[0-5]\d)(?![\d.]))?(?:\s*(?P<half>[ap])\.?m\b)?",
    re.I,
)
NUMBER = re.compile(
    r"(?P<currency>[€$£¥]\s?)?(?<![\w.,])(?P<number>\d+(?:[,' ]\d{3})*(?:[.,]\d+)?|"
    + "|".join(WORDS)
    + r")(?![\w])(?:\s?(?P<unit>%|°C|€|[^\W\d_]+))?",
    re.I,
)
NAMED = re.compile(r"\b[A-ZÄÖÜÉ][^\W\d_]*[ -]\d+\b")
"""A number that is part of a name: "Route 3"."""
GROUPING = re.compile(r"[,' ](?=\d{3}(?!\d))")


class Amount(NamedTuple):
    """A value as it compares, its unit as it is written, and where it stands."""

    value: str
    unit: str
    start: int
    end: int


def find_amounts(text: str) -> list[Amount]:
    """Numbers with what they measure, times and whole days, in order."""
    found = list(_find_days(text))
    taken = [(each.start, each.end) for each in found]
    taken += [each.span() for each in NAMED.finditer(text)]
    for each in (*_find_times(text), *_find_numbers(text)):
        if all(each.end <= start or end <= each.start for start, end in taken):
            found.append(each)
            taken.append((each.start, each.end))
    return sorted(found, key=lambda each: each.start)


def _find_days(text: str) -> Iterator[Amount]:
    for written in WRITTEN_DAY.finditer(text):
        day = read_day(text, written.start())
        if day and len(day[0]) == len("2025-01-01"):
            yield Amount(day[0], "day", written.start(), day[1])


def _find_times(text: str) -> Iterator[Amount]:
    for written in CLOCK.finditer(text):
        if written["minute"] or written["half"]:
            hour = int(written["hour"]) + (12 if (written["half"] or "").lower() == "p" else 0)
            yield Amount(f"{hour:02}:{written['minute'] or '00'}", "time", *written.span())


def _find_numbers(text: str) -> Iterator[Amount]:
    for written in NUMBER.finditer(text):
        raw = written["number"].lower()
        number = WORDS[raw] if raw in WORDS else GROUPING.sub("", raw).replace(",", ".")
        unit = (written["currency"] or written["unit"] or "").strip()
        end = written.end("unit") if written["unit"] else written.end()
        yield Amount(f"{float(number):g}", unit, written.start(), end)
