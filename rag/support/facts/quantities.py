"""Amounts of a text: numbers with their units, how they are bounded, and per what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.support.facts.bounds import Bound, find_bound
from rag.support.facts.dates import find_dates
from rag.support.facts.measures import Measure, find_measure
from rag.support.facts.number_words import PARTS
from rag.support.facts.numerals import AND_A_HALF, Number, find_numbers
from rag.support.words import STOP_WORDS, list_words, stem

CLOCK = re.compile(
    r"(?<![\d.,])(?P<hour>[01]?\d|2[0-4])(?:(?::|\s?h\s?)(?P<minute>[0-5]\d)|\.(?P<dotted>[0-5]\d)"
    r"(?=\s*(?:[ap]\.?m\b|Uhr|o'clock|h(?:ou)?rs?\b)))(?!\d)\s*(?P<half>[ap]\.?m\b)?"
    r"|(?<![\d.,:])(?P<alone>[01]?\d|2[0-4])\s*(?:(?P<side>[ap])\.?m\b|Uhr\b|o['’]clock)",
    re.I,
)
_HOURS = re.findall(r"\w+", "one two three four five six seven eight nine ten eleven twelve")
CLOCK_WORDS = re.compile(
    r"\b(?:(?P<named>noon|midday|midnight)"
    r"|(?:(?P<part>half past|(?:a )?quarter past|(?:a )?quarter to) )?"
    rf"(?P<hour>{'|'.join(_HOURS)}|1[0-2]|[1-9])(?P<side> o['’]clock)?"
    r"(?P<day> in the (?:morning|afternoon|evening)| at night)?)\b",
    re.I,
)
MINUTES = {"half past": 30, "quarter past": 15, "quarter to": -15}
CURRENCY = re.compile(r"(?:([€$£¥])|\b(EUR|USD|GBP|CHF|CAD|NOK|SEK|DKK|JPY))\s?$", re.I)
UNIT = re.compile(
    r"[\s-]?([°%][CF]?|[€$£¥](?!\s?\d)|km/h|m[²³23]\b|[^\W\d_]+(?:-[^\W\d_]+)*)", re.I
)
SCALE = re.compile(r"\s?(k|m|mn|bn)\b", re.I)
SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9}
VERSION = re.compile(r"\b(?:versions?|versión|versione|versie)\s$", re.I)
COMPARED = re.compile(
    r"\s(?:as (?!of\b)\w+|times as\b|(?:fewer|more|less)\b(?! than (?:an?\b|\d)))", re.I
)
SPAN = re.compile(r"-|\s?–\s?|\s-\s|\s(?:to|bis|à|a|al?|tot)\s", re.I)
BETWEEN = re.compile(r"\b(?:between|zwischen|entre|tra|fra|tussen)\s$", re.I)
AND = re.compile(r"\s(?:and|und|et|y|e|en)\s", re.I)
NEXT_UNIT = re.compile(r"\s(?:(?:and|und|et|y|e|en)\s)?")
PER_CENT = re.compile(r"\s?(?:per|pro|por|pour|par)[ -]?c(?:ent|iento|ento)\b", re.I)
DESCRIBED_UNIT = re.compile(
    r"[\s-]?(?:(?:an?|de|of(?: an?)?|full|further|consecutive|whole|other|more|calendar|extra|paid"
    r"|working|business|week|unpaid|additional|single|half)[\s-]|d['’]){1,2}([^\W\d_]+)",
    re.I,
)
RATE = re.compile(r"\s*(?:times\s+)?(?:per|an?|each|every|pro|je|par|por|al|a la|/)\s+(\w+)", re.I)
RANGE = re.compile(r"-|\s-\s|\s*(?:–|to|and|or|bis|und|oder|à|a|et|ou|y|o|e|tot|en|,)\s*", re.I)
_DAYS = """
monday mondays montag montags lundi lundis lunes lunedì maandag maandags
tuesday tuesdays dienstag dienstags mardi mardis martes martedì dinsdag dinsdags
wednesday wednesdays mittwoch mittwochs mercredi mercredis miércoles mercoledì woensdag woensdags
thursday thursdays donnerstag donnerstags jeudi jeudis jueves giovedì donderdag donderdags
friday fridays freitag freitags vendredi vendredis viernes venerdì vrijdag vrijdags
saturday saturdays samstag samstags samedi samedis sábado sábados sabato zaterdag zaterdags
sunday sundays sonntag sonntags dimanche dimanches domingo domingos domenica zondag zondags
"""
WEEKDAYS = {
    name: at for at, line in enumerate(_DAYS.strip().splitlines(), 1) for name in line.split()
}
WEEKDAY = re.compile(rf"\b(?:{'|'.join(WEEKDAYS)})\b", re.I)
DAY_OF_WEEK = Measure("weekday", 1.0, "")
CLOCK_TIME = Measure("clock", 1.0, "o'clock")
SHARE = Measure("share", 1.0, "")
SAME = 0.004  # of the amount: 33 per cent and a third are not the same, 0.3333 and a third are
NEAR = 3  # content words on each side that tell what a number is of; chosen
FEW = 3  # chosen: "one of them" or "two sides" is often said without standing anywhere


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount: the values that its spelling can have, its unit, bound and the words beside it.

    `until` is the end of a range that it opens, as a size; 0 where it opens none.
    """

    values: frozenset[float]
    measure: Measure | None
    bound: Bound
    rate: str
    start: int
    end: int
    words: str
    is_vague: bool = False
    until: float = 0.0
    beside: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """What it measures; a count where it has no unit."""
        return self.measure.kind if self.measure else "count"

    @property
    def is_small_count(self) -> bool:
        """True for "one" to "three" of something, in words."""
        return self.measure is None and max(self.values) <= FEW and self.words.isalpha()

    def equals(self, other: "Quantity") -> bool:
        """Whether both can be the same amount of the same thing, units converted."""
        kinds = {self.kind, other.kind}
        is_count = "count" in kinds
        if kinds == {"count", "share"}:
            is_count = False
            if min(*self.sizes, *other.sizes) < 1:
                return False
        elif len(kinds) > 1 and (not is_count or "version" in kinds):
            return False
        ones, twos = (self.values, other.values) if is_count else (self.sizes, other.sizes)
        return any(abs(one - two) <= SAME * max(abs(one), abs(two)) for one in ones for two in twos)

    def has_value_of(self, other: "Quantity") -> bool:
        """Whether the bare numbers can be the same."""
        return not self.values.isdisjoint(other.values)

    @property
    def sizes(self) -> frozenset[float]:
        """Its values in the base unit of its kind."""
        factor = self.measure.size if self.measure else 1.0
        return frozenset(value * factor for value in self.values)


def find_quantities(text: str) -> list[Quantity]:
    """The amounts of a text in order, numbers within dates aside."""
    found = [_read_clock(match) for match in CLOCK.finditer(text)]
    found += [clock for match in CLOCK_WORDS.finditer(text) if (clock := _read_clock_words(match))]
    found += [_read_weekday(match) for match in WEEKDAY.finditer(text)]
    taken = [(each.start, each.end) for each in found]
    taken += [(date.start, date.end) for date in find_dates(text)]
    for number in find_numbers(text):
        if all(number.end <= first or last <= number.start for first, last in taken):
            found.append(_read(text, number))
    found.sort(key=lambda each: (each.start, -each.end))
    apart = [each for at, each in enumerate(found) if not at or found[at - 1].end <= each.start]
    shared = _find_ranges(text, _join_parts(text, _share_units(text, apart)))
    return [_surround(text, each, shared) for each in shared]


def _read_weekday(match: re.Match[str]) -> Quantity:
    value = frozenset((float(WEEKDAYS[match.group().lower()]),))
    return Quantity(value, DAY_OF_WEEK, "", "", *match.span(), match.group())


def _read_clock(match: re.Match[str]) -> Quantity:
    parts = match.groupdict()
    hour = int(parts["hour"] or parts["alone"])
    side = (parts["half"] or parts["side"] or "").lower()
    if side.startswith("p") and hour < 12:
        hour += 12
    minute = int(parts["minute"] or parts["dotted"] or 0)
    bound = find_bound(match.string, *match.span(), is_time=True)
    value = frozenset((float(60 * hour + minute),))
    return Quantity(value, CLOCK_TIME, bound, "", *match.span(), match.group().strip())


def _read_clock_words(match: re.Match[str]) -> Quantity | None:
    """The time of "half past six" or "noon"; None of a number alone."""
    named, part, hour, side, day = match.groups()
    if named:
        minutes = {0.0, 1440.0} if named.lower() == "midnight" else {720.0}
    elif part or side or day:
        number = int(hour) if hour.isdigit() else _HOURS.index(hour.lower()) + 1
        past = MINUTES.get((part or "").lower().removeprefix("a "), 0)
        both = {60.0 * (number % 12) + past, 60.0 * (number % 12 + 12) + past}
        minutes = {min(both)} if "morning" in (day or "") else {max(both)} if day else both
    else:
        return None
    bound = find_bound(match.string, *match.span(), is_time=True)
    words = match.group().strip()
    return Quantity(frozenset(minutes), CLOCK_TIME, bound, "", *match.span(), words)


def _read(text: str, number: Number) -> Quantity:
    sign = CURRENCY.search(text, max(0, number.start - 5), number.start)
    start, end, values = sign.start() if sign else number.start, number.end, number.values
    measure = find_measure(sign.group(1) or sign.group(2)) if sign else None
    if measure and (scale := SCALE.match(text, end)):
        values, end = frozenset(v * SCALES[scale.group(1).lower()] for v in values), scale.end()
    if VERSION.search(text, max(0, start - 10), start):
        measure = find_measure("version")
    elif measure is None:
        measure, end = _find_unit(text, end, is_part=max(values) < 1)
    if measure and (half := AND_A_HALF.match(text, end)):
        values = frozenset(value + PARTS.get(half.group(1).lower(), 0.5) for value in values)
        end = half.end()
    if measure is None and max(values) < 1:
        measure = SHARE
    rate = RATE.match(text, end)
    unit = find_measure(rate.group(1)) if rate else None
    bound = find_bound(text, start, end, is_time=False)
    words = text[start:end].strip()
    per = unit.name if unit else ""
    is_vague = number.is_vague or bool(measure in (None, SHARE) and COMPARED.match(text, end))
    return Quantity(values, measure, bound, per, start, end, words, is_vague)


def _find_unit(text: str, end: int, *, is_part: bool) -> tuple[Measure | None, int]:
    """The unit after a number: of "half a day" a day, and of "twice a day" none."""
    if share := PER_CENT.match(text, end):
        return find_measure("%"), share.end()
    if not is_part and RATE.match(text, end):
        return None, end
    for pattern in (UNIT, DESCRIBED_UNIT):
        found = pattern.match(text, end)
        measure = find_measure(found.group(1)) if found else None
        if found and measure and not (len(found.group(1)) == 1 and found.group(1).isupper()):
            return measure, found.end()
    return None, end


def _share_units(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """The first of "30 to 59 minutes" has minutes too."""
    shared = list(found)
    for at in range(len(found) - 2, -1, -1):
        each, after = shared[at], shared[at + 1]
        is_unit = after.measure not in (None, SHARE, CLOCK_TIME)
        if each.measure is None and is_unit and RANGE.fullmatch(text[each.end : after.start]):
            shared[at] = replace(each, measure=after.measure)
    return shared


def _find_ranges(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """With `until` of the first of "30 to 59 minutes" and of "between 2 and 24 hours"."""
    ranges = list(found)
    for at, (each, after) in enumerate(pairwise(found)):
        gap = text[each.end : after.start]
        is_between = BETWEEN.search(text, max(0, each.start - 12), each.start)
        joins = SPAN.fullmatch(gap) or (is_between and AND.fullmatch(gap))
        if joins and each.kind == after.kind:
            ranges[at] = replace(each, until=max(after.sizes))
    return ranges


def _join_parts(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """ "Two hours and fifteen minutes" or "7 euros 80" as one amount."""
    joined: list[Quantity] = []
    for each in found:
        whole = joined[-1] if joined else None
        part = _part_of(whole, each) if whole else 0.0
        if whole and part and NEXT_UNIT.fullmatch(text[whole.end : each.start]):
            values = frozenset(value + part for value in whole.values)
            words = text[whole.start : each.end]
            joined[-1] = replace(whole, values=values, end=each.end, words=words, is_vague=False)
        else:
            joined.append(each)
    return joined


def _part_of(whole: Quantity, part: Quantity) -> float:
    """A smaller unit's amount in units of a larger one; 0 where it is no part of it."""
    if whole.measure is None or whole.words[0] in "€$£¥" or max(part.values) < 1:
        return 0.0
    if part.measure is None:
        is_hundredths = len(part.words) == 2 and part.words.isdigit()
        return max(part.values) / 100 if is_hundredths and whole.kind.startswith("money") else 0.0
    ratio = max(part.sizes) / whole.measure.size
    return ratio if part.kind == whole.kind and ratio < 1 and part.measure != SHARE else 0.0


def _surround(text: str, each: Quantity, found: Sequence[Quantity]) -> Quantity:
    """With the stems of the content words beside it, as far as the next amounts or fields."""
    left = max((other.end for other in found if other.end <= each.start), default=0)
    right = min((other.start for other in found if other.start >= each.end), default=len(text))
    before = _stems(text[left : each.start].rpartition(";")[2])
    after = _stems(text[each.end : right].partition(";")[0])
    return replace(each, beside=frozenset((*before[-NEAR:], *after[:NEAR])))


def _stems(text: str) -> list[str]:
    return [stem(word) for word in list_words(text) if word not in STOP_WORDS]
