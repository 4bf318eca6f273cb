"""Numbers of a text with what they measure or count and how they are bounded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.support.dates import Date, find_dates
from rag.support.measures import PER, PER_CENT, WORKING, Measure, find_measure
from rag.support.number_words import LARGE, ORDINALS, PARTS, small_numbers
from rag.support.words import STOP_WORDS, list_words, stem

CLOCK = re.compile(
    r"(?<![\d.,])(?P<hour>[01]?\d|2[0-4])(?:(?::|\s?h\s?)(?P<minute>[0-5]\d)|\.(?P<dotted>[0-5]\d)"
    r"(?=\s*(?:[ap]\.?m\b|Uhr|o'clock)))(?!\d)\s*(?P<half>[ap]\.?m\b)?"
    r"|(?<![\d.,:])(?P<alone>[01]?\d|2[0-4])\s*(?:(?P<side>[ap])\.?m\b|Uhr\b|o['’]clock)",
    re.I,
)
DIGITS = re.compile(r"(?<![\w.,])(?<!\w-)[-+−]?(?:[€$£¥]\s?)?\d+(?:[.,' ’\u202f\u00a0]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u202f\u00a0]\d{3})+")
TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d\S*|[^\w\s]")
CURRENCY_BEFORE = re.compile(r"(?:(?P<sign>[€$£¥])|\b(?P<code>EUR|USD|GBP|CHF))\s?$")
UNIT_AFTER = re.compile(r"\s?(?P<unit>[°%€$£¥][CFcf]?|km/h|[^\W\d_]+(?:-[^\W\d_]+)*)")
LOWER = re.compile(
    r"\b(?:at least|no (?:less|fewer|earlier) than|not (?:less|fewer) than|minimum(?: of)?|min\.?"
    r"|more than|over|above|exceed\w*|beyond|longer than|greater than|older than|heavier than"
    r"|from|since|starting|mindestens|ab|über|mehr als|wenigstens|au moins|plus de|minimum de"
    r"|dès|à partir de|al menos|como mínimo|más de|desde|por lo menos|almeno|più di|dal|minstens"
    r"|meer dan|vanaf|earliest)\W*(?:the |a |an |als |de |el |la |le |of )?$",
    re.I,
)
UPPER = re.compile(
    r"\b(?:at most|no (?:more|later|longer) than|not (?:more|later) than|maximum(?: of)?|max\.?"
    r"|up to|less than|fewer than|under|below|within|until|till|by|limited to|shorter than"
    r"|younger than|lighter than|höchstens|maximal|bis zu|bis|unter|weniger als|innerhalb von"
    r"|spätestens|au plus|jusqu['’]à|jusqu['’]au|moins de|maximum de|dans les|como máximo|hasta"
    r"|menos de|dentro de|al massimo|fino a|entro|meno di|hoogstens|maximaal|tot|minder dan"
    r"|binnen|latest)\W*(?:the |a |an |als |de |el |la |le |of |to )?$",
    re.I,
)
BEFORE = re.compile(r"\b(?:before|prior to|ahead of|vor|avant|antes de|prima|voor)\W*(?:the )?$", re.I)
AFTER = re.compile(r"\b(?:after|following|later than|nach|après|después de|dopo|na)\W*(?:the )?$", re.I)
AT_LEAST_AFTER = re.compile(r"\s*(?:\w+\s){0,2}?(?:or (?:more|longer|older|above|over)|at least|and over|minimum|oder mehr|ou plus|o más)\b", re.I)
AT_MOST_AFTER = re.compile(r"\s*(?:\w+\s){0,2}?(?:or (?:less|fewer|younger|under|below)|at (?:the )?most|at the latest|maximum|oder weniger|ou moins|o menos)\b", re.I)
NEAR = 3  # content words on each side that tell what a number is of; chosen


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: the values that its spelling may have, its unit, its bound, the words beside it."""

    values: frozenset[float]
    measure: Measure | None
    bound: str
    per: str
    start: int
    end: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    words: str = ""

    @property
    def kind(self) -> str:
        """What it measures; a count where it has no unit."""
        return self.measure.kind if self.measure else "count"

    @property
    def sizes(self) -> frozenset[float]:
        """The values in the smallest unit of its kind."""
        factor = self.measure.size if self.measure else 1.0
        return frozenset(value * factor for value in self.values)

    def equals(self, other: "Quantity") -> bool:
        """Whether both can be the same amount, units converted."""
        return any(abs(one - two) <= 0.004 * max(abs(one), abs(two)) for one in self.sizes for two in other.sizes)

    def has_value_of(self, other: "Quantity") -> bool:
        """Whether the bare numbers can be the same."""
        return not self.values.isdisjoint(other.values)


def find_quantities(text: str) -> list[Quantity]:
    """The numbers of a text in order, those within dates aside."""
    dates = find_dates(text)
    found = [_clock(match) for match in CLOCK.finditer(text)]
    taken = [(each.start, each.end) for each in (*dates, *found)]
    numbers = sorted((*_in_digits(text), *_in_words(text)), key=lambda each: each[0])
    for start, end, values in _merge(text, numbers):
        if all(end <= first or last <= start for first, last in taken):
            found.append(_measure(text, start, end, values))
    found.sort(key=lambda each: each.start)
    found = _share_units(text, found)
    return [_surround(text, each, found) for each in found]


def _clock(match: re.Match[str]) -> Quantity:
    parts = match.groupdict()
    hour = int(parts["hour"] or parts["alone"])
    side = (parts["half"] or parts["side"] or "").lower()[:1]
    if side == "p" and hour < 12:
        hour += 12
    minute = int(parts["minute"] or parts["dotted"] or 0)
    value = frozenset((float(60 * hour + minute),))
    return Quantity(value, Measure("clock", 1.0, "o'clock"), "", "", *match.span(), words=match.group().strip())


Number = tuple[int, int, frozenset[float]]


def _in_digits(text: str) -> Iterator[Number]:
    for match in DIGITS.finditer(text):
        start = match.start() + len(match.group()) - len(match.group().lstrip("-+−€$£¥ "))
        raw = text[start : match.end()]
        if " " in raw or "\u00a0" in raw:
            if not GROUPED.fullmatch(raw):
                raw = re.split(r"[ \u00a0]", raw)[0]
        yield start, start + len(raw), _values(raw)


def _values(raw: str) -> frozenset[float]:
    """What the digits can mean: 1.040 is a thousand and forty, or a little more than one."""
    found = set()
    plain = re.sub(r"['’ \u202f\u00a0]", "", raw)
    if GROUPED.fullmatch(raw):
        found.add(float(re.sub(r"[.,]", "", plain)))
    parts = re.split(r"[.,]", plain)
    if len(parts) == 1:
        found.add(float(plain))
    elif len(parts) == 2 and not (len(parts[1]) == 3 and "," in plain and parts[0] != "0"):
        found.add(float(".".join(parts)))
    elif len(parts) > 2:
        found.add(float("".join(parts[:-1]) + "." + parts[-1]) if len(parts[-1]) != 3 else float("".join(parts)))
    return frozenset(found)


def _in_words(text: str) -> Iterator[Number]:
    small = small_numbers()
    tokens = [(match.start(), match.end(), match.group().lower()) for match in TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        start, end, word = tokens[at]
        if word in small or (word in LARGE and not word.startswith("m")) :
            total, at, end = _sum_up(tokens, at)
            yield start, end, frozenset((float(total),))
            continue
        if word in PARTS:
            yield start, end, frozenset((PARTS[word],))
        elif word in ORDINALS:
            yield start, end, frozenset((float(ORDINALS[word]),))
        elif word in LARGE:
            yield start, end, frozenset((float(LARGE[word]),))
        elif "-" in word and word.partition("-")[0] in small:
            first = word.partition("-")[0]
            yield start, start + len(first), frozenset((float(small[first]),))
        at += 1


def _sum_up(tokens: list[tuple[int, int, str]], at: int) -> tuple[float, int, int]:
    """The value of "one hundred and twenty", the place after it, and where it ends."""
    small = small_numbers()
    total = group = 0.0
    last = ""
    end = tokens[at][1]
    while at < len(tokens):
        word = tokens[at][2]
        if word in small and (not last or last == "large" or (group % 100 >= 20 and group % 10 == 0 and small[word] < 10)):
            group += small[word]
            last = "small"
        elif word in LARGE and (last or group == 0):
            size = LARGE[word]
            group = (group or 1) * size
            if size >= 1000:
                total, group = total + group, 0.0
            last = "large"
        elif word in ("and", "und", "-") and last and at + 1 < len(tokens) and (tokens[at + 1][2] in small and (last == "large" or word == "-")):
            at += 1
            continue
        else:
            break
        end = tokens[at][1]
        at += 1
    return total + group, at, end


def _merge(text: str, numbers: list[Number]) -> list[Number]:
    """Digits before a large word are one number with it; a word within digits is none."""
    merged: list[Number] = []
    for start, end, values in numbers:
        if merged and start < merged[-1][1]:
            continue
        gap = text[merged[-1][1] : start] if merged else "x"
        word = text[start:end].lower()
        if merged and gap.isspace() and word in LARGE and text[merged[-1][0]].isdigit():
            before = merged.pop()
            merged.append((before[0], end, frozenset(value * LARGE[word] for value in before[2])))
        elif merged and re.fullmatch(r"\s*(?:and|und|et|y|e|en)\s+(?:an?\s+)?", gap) and word in PARTS and PARTS[word] < 1:
            before = merged.pop()
            merged.append((before[0], end, frozenset(value + PARTS[word] for value in before[2])))
        else:
            merged.append((start, end, values))
    return merged


def _measure(text: str, start: int, end: int, values: frozenset[float]) -> Quantity:
    before, after = text[:start], text[end:]
    sign = CURRENCY_BEFORE.search(before)
    measure = find_measure(sign.group("sign") or sign.group("code")) if sign else None
    first = start - len(sign.group()) if sign else start
    if measure is None:
        measure, end = _unit_after(text, end, values)
    if measure and measure.kind == "time" and measure.name in ("day",) and WORKING.search(text[start:end].rsplit(" ", 1)[0] + " "):
        measure = find_measure("workday")
    per = PER.match(text[end : end + 24])
    return Quantity(values, measure, _bound(text, first, end), stem(per.group(1).lower()) if per else "", first, end, words=text[first:end].strip())


UNIT_WORDS = re.compile(
    r"\s?(?P<first>[°%€$£¥][CFcf]?|km/h|[^\W\d_]+(?:-[^\W\d_]+)*)(?:\s(?P<second>[^\W\d_]+))?(?:\s(?P<third>[^\W\d_]+))?"
)


def _unit_after(text: str, end: int, values: frozenset[float]) -> tuple[Measure | None, int]:
    if percent := re.compile(r"\s?(?:per|pro|por|pour|par)[ -]?c(?:ent|iento|ento)\b", re.I).match(text, end):
        return find_measure("%"), percent.end()
    after = re.compile(r"[\s-]?(?P<unit>[°%€$£¥][CFcf]?|km/h|[^\W\d_]+(?:-[^\W\d_]+)*)").match(text, end)
    if after is None:
        return None, end
    word = after.group("unit")
    measure = find_measure(word)
    if measure and not (len(word) == 1 and word.isupper()):
        return measure, after.end()
    between = re.compile(r"[\s-]?(?:an?|d['’]|d’|de|of an?|full|further|consecutive|whole|other|more|calendar|extra)\s?(?P<unit>[^\W\d_]+)", re.I).match(text, end)
    if between and (measure := find_measure(between.group("unit"))):
        return measure, between.end()
    working = re.compile(r"\s?(?:working|business|week)[ -]?(?P<unit>days?)\b", re.I).match(text, end)
    if working:
        return find_measure("workday"), working.end()
    return None, end


RANGE = re.compile(r"\s*(?:-|–|to|and|or|bis|und|oder|à|a|et|ou|y|o|e|tot|en|,)\s*", re.I)
HALF_AFTER = re.compile(r"\s(?:and|und|et|y|e|en)\s(?:an?\s|una?\s)?(half|demie?|media|mezza|quarter)\b", re.I)


def _share_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """The first of "30 to 59 minutes" has minutes too."""
    shared = list(found)
    for at in range(len(found) - 2, -1, -1):
        each, after = shared[at], shared[at + 1]
        if each.measure is None and after.measure and RANGE.fullmatch(text[each.end : after.start]):
            shared[at] = replace(each, measure=after.measure)
    return shared


def _bound(text: str, start: int, end: int) -> str:
    before, after = text[max(0, start - 40) : start], text[end : end + 30]
    for name, pattern in (("at least", LOWER), ("at most", UPPER), ("before", BEFORE), ("after", AFTER)):
        if pattern.search(before):
            return name
    for name, pattern in (("at least", AT_LEAST_AFTER), ("at most", AT_MOST_AFTER)):
        if pattern.match(after):
            return name
    return ""


def _surround(text: str, each: Quantity, found: list[Quantity]) -> Quantity:
    """With the stems of the content words before and after it, as far as the next numbers."""
    left = max((other.end for other in found if other.end <= each.start), default=0)
    right = min((other.start for other in found if other.start >= each.end), default=len(text))
    before = [stem(word) for word in list_words(text[left : each.start]) if word not in STOP_WORDS]
    after = [stem(word) for word in list_words(text[each.end : right]) if word not in STOP_WORDS]
    return replace(each, before=tuple(before[-NEAR:]), after=tuple(after[:NEAR]))
