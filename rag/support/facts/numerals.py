"""Numbers of a text, in digits or in words, with every value that their spelling can have."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.support.facts.measures import find_measure
from rag.support.facts.number_words import (
    DOZENS,
    FRACTIONS,
    LARGE,
    PARTS,
    denominator,
    read_compound,
    small_numbers,
)

DIGITS = re.compile(r"(?<![\w.,])(?<!\w-)[-+\u2212]?(?:[€$£¥]\s?)?\d+(?:[.,' ’\u202f\u00a0]\d+)*")
GROUPED = re.compile(r"\d{1,3}([.,'’ \u202f\u00a0])\d{3}(?:\1\d{3})*")
GROUPED_PART = re.compile(rf"{GROUPED.pattern}(?:[.,]\d{{1,2}})?")
SPACED = re.compile(r"[ \u202f\u00a0]")
TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d\S*|[^\w\s]")
ARTICLES = ("a", "an", "eine", "einer", "une", "una")
BOTH = ("both", "beide", "beiden", "entrambi")
DURATION = re.compile(r"\b(?:within|after|than|least|most|takes?|lasts?|about)\s$", re.I)
EVERY = re.compile(r"\bevery\s$", re.I)
SHARES = re.compile(r"\b(?:every|an?|one)\s$", re.I)
RATES = ("a", "an", "per", "every", "each")
AND_A = re.compile(r"\s*(?:and|und|et|y|e|en)\s+(?:an?\s+)?")
OF_A = re.compile(r"\s+(?:an?\s+)?")
AND_A_HALF = re.compile(
    r"\s(?:and|und|et|y|e|en)\s(?:an?\s|una?\s)?(half|demie?|media|mezza|quarter)\b", re.I
)
VULGAR = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "⅓": 1 / 3, "⅔": 2 / 3}
FRACTION = re.compile(r"(?<![\w.,/])(?:(\d+)[ -]?)?(?:([½¼¾⅓⅔])|([1-9])/([2-9]|10))(?![\w/])")


class Number(NamedTuple):
    """Where a number stands and what it can be: 1.040 is over a thousand, or little over one.

    "a month" is vague: a length of time, or a rate as in "twice a month".
    """

    start: int
    end: int
    values: frozenset[float]
    is_vague: bool = False


class _Token(NamedTuple):
    start: int
    end: int
    word: str


UNIT_FOLLOWS = re.compile(r"\s(?:hours?|days?|weeks?|months?|years?|minutes?)\b", re.I)
IN = re.compile(r"\s(?:in|out of)\s(?:every\s)?")


def find_numbers(text: str) -> list[Number]:
    """All numbers of a text in order, "half a dozen" and "3.9 million" as one each."""
    merged: list[Number] = []
    written = sorted((*_in_fractions(text), *_in_digits(text), *_in_words(text)), key=_place)
    for number in written:
        if merged and number.start < merged[-1].end:
            continue
        joined = _join(text, merged[-1], number) if merged else None
        if joined:
            merged[-1] = joined
        else:
            merged.append(number)
    return merged


def _place(number: Number) -> tuple[int, int]:
    return number.start, -number.end


def _in_digits(text: str) -> Iterator[Number]:
    for match in DIGITS.finditer(text):
        raw = match.group().lstrip("-+\u2212€$£¥ ")
        start = match.end() - len(raw)
        pieces = [raw] if GROUPED_PART.fullmatch(raw) else SPACED.split(raw)
        for piece in pieces:
            yield Number(start, start + len(piece), _values(piece))
            start += len(piece) + 1


def _in_fractions(text: str) -> Iterator[Number]:
    """Those as "1½" and "3/4"."""
    for match in FRACTION.finditer(text):
        whole, sign, over, under = match.groups()
        part = VULGAR[sign] if sign else int(over) / int(under)
        yield Number(*match.span(), frozenset((int(whole or 0) + part,)))


def _values(raw: str) -> frozenset[float]:
    plain = re.sub(r"['’ \u202f\u00a0]", "", raw)
    parts = re.split(r"[.,]", plain)
    if len(parts) > 2:
        is_whole = len(parts[-1]) == 3
        return frozenset(
            (float("".join(parts) if is_whole else f"{''.join(parts[:-1])}.{parts[-1]}"),)
        )
    if len(parts) == 1:
        return frozenset((float(plain),))
    found = {float("".join(parts))} if GROUPED.fullmatch(raw) and parts[0] != "0" else set()
    if not found or "." in plain:
        found.add(float(".".join(parts)))
    return frozenset(found)


def _in_words(text: str) -> Iterator[Number]:
    tokens = [_Token(*match.span(), match.group().lower()) for match in TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        used, value = _sum_up(tokens, at)
        if used:
            yield Number(token.start, tokens[at + used - 1].end, frozenset((value,)))
        elif (value := _value_alone(text, tokens, at)) > 0:
            length = _length(token.word, value)
            is_article = token.word in ARTICLES and not _is_duration(text, tokens, at)
            is_vague = is_article or token.word in BOTH
            yield Number(token.start, token.start + length, frozenset((value,)), is_vague)
        at += max(1, used)


def _value_alone(text: str, tokens: Sequence[_Token], at: int) -> float:
    """What one word stands for; 0 for none."""
    token = tokens[at]
    if token.word in ARTICLES:
        return 1.0 if _is_time(tokens, at + 1) else 0.0
    if token.word == "once":
        return 1.0 if at + 1 < len(tokens) and tokens[at + 1].word in RATES else 0.0
    if token.word in FRACTIONS:
        return 1 / FRACTIONS[token.word]
    if token.word == "second":
        return 0.5 if EVERY.search(text, max(0, token.start - 6), token.start) else 0.0
    if parts := denominator(token.word):
        is_share = SHARES.search(text, max(0, token.start - 6), token.start)
        is_counted = at > 0 and token.word.endswith("s") and _is_small(tokens[at - 1])
        return 1 / parts if is_share or is_counted else 0.0
    if hundreds := read_compound(token.word):
        return float(hundreds)
    first, dash, rest = token.word.partition("-")
    parts = denominator(rest.partition("-")[0]) if dash else 0
    return PARTS.get(token.word) or (small_numbers().get(first, 0) / (parts or 1) if dash else 0.0)


def _length(word: str, value: float) -> int:
    """How much of a word its number is: "two" of "two-day", "two-thirds" of "two-thirds-full"."""
    parts = word.split("-")
    if word in PARTS or len(parts) == 1:
        return len(word)
    return len(parts[0]) if value.is_integer() else len("-".join(parts[:2]))


def _is_small(token: _Token) -> bool:
    return token.word in small_numbers() or token.word.isdigit()


def _is_time(tokens: Sequence[_Token], at: int) -> bool:
    unit = find_measure(tokens[at].word) if at < len(tokens) else None
    return unit is not None and unit.kind in ("time", "month") and len(tokens[at].word) > 2


def _is_duration(text: str, tokens: Sequence[_Token], at: int) -> bool:
    """Whether "a month" is surely a length of time, and not a rate."""
    before = DURATION.search(text, max(0, tokens[at].start - 10), tokens[at].start)
    return bool(before or AND_A_HALF.match(text, tokens[at + 1].end))


def _sum_up(tokens: Sequence[_Token], at: int) -> tuple[int, float]:
    """How many words from there are one number as "one hundred and twenty", and its value."""
    small = small_numbers()
    total, group, last, used = 0.0, 0.0, "", 0
    for place in range(at, len(tokens)):
        word = tokens[place].word
        if word in small and (last != "small" or _takes_a_unit(group, small[word])):
            group, last = group + small[word], "small"
        elif word in LARGE:
            group, last = (group or 1.0) * LARGE[word], "large"
            if LARGE[word] > 100:
                total, group = total + group, 0.0
        elif word in ("and", "und") and last == "large":
            last = "and"
            continue
        else:
            break
        used = place + 1 - at
    return used, total + group


def _takes_a_unit(group: float, unit: int) -> bool:
    return group % 100 >= 20 and group % 10 == 0 and 0 < unit < 10


def _is_share(text: str, number: Number) -> bool:
    """Whether "three in ten" is meant, and not "12 hours in 24" or "two in 2025"."""
    return text[number.start].isalpha() and not UNIT_FOLLOWS.match(text, number.end)


def _is_digits_or_part(text: str, number: Number) -> bool:
    return text[number.start].isdigit() or any(value % 1 for value in number.values)


def _join(text: str, first: Number, second: Number) -> Number | None:
    """Both as one number, None where they are two."""
    gap, word = text[first.end : second.start], text[second.start : second.end].lower()
    factor = 0.0
    if word in DOZENS and OF_A.fullmatch(gap):
        factor = 12.0
    elif gap.isspace() and (parts := denominator(word)):
        factor = 1 / parts
    elif gap.isspace() and word in LARGE and _is_digits_or_part(text, first):
        factor = float(LARGE[word])
    if factor:
        return Number(first.start, second.end, frozenset(each * factor for each in first.values))
    if IN.fullmatch(gap) and max(first.values) < max(second.values) and _is_share(text, second):
        whole = max(second.values)
        return Number(first.start, second.end, frozenset(each / whole for each in first.values))
    if AND_A.fullmatch(gap) and PARTS.get(word, 1.0) < 1:
        return Number(
            first.start, second.end, frozenset(each + PARTS[word] for each in first.values)
        )
    return None
