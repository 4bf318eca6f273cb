"""Numbers of a text, in digits or in words, with every value that their spelling can have."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.support.facts.measures import find_measure
from rag.support.facts.number_words import DOZENS, FRACTIONS, LARGE, ORDINALS, PARTS, small_numbers

DIGITS = re.compile(r"(?<![\w.,])(?<!\w-)[-+\u2212]?(?:[€$£¥]\s?)?\d+(?:[.,' ’\u202f\u00a0]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u202f\u00a0]\d{3})+")
SPACED = re.compile(r"[ \u202f\u00a0]")
TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d\S*|[^\w\s]")
ARTICLES = ("a", "an", "eine", "einer", "une", "una")
DURATION = re.compile(r"\b(?:within|after|than|least|most|takes?|lasts?|about)\s$", re.I)
SHARES = re.compile(r"\b(?:every|an?)\s$", re.I)
RATES = ("a", "an", "per", "every", "each")
AND_A = re.compile(r"\s*(?:and|und|et|y|e|en)\s+(?:an?\s+)?")
OF_A = re.compile(r"\s+(?:an?\s+)?")
AND_A_HALF = re.compile(
    r"\s(?:and|und|et|y|e|en)\s(?:an?\s|una?\s)?(half|demie?|media|mezza|quarter)\b", re.I
)


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
    for number in sorted((*_in_digits(text), *_in_words(text))):
        if merged and number.start < merged[-1].end:
            continue
        joined = _join(text, merged[-1], number) if merged else None
        if joined:
            merged[-1] = joined
        else:
            merged.append(number)
    return merged


def _in_digits(text: str) -> Iterator[Number]:
    for match in DIGITS.finditer(text):
        raw = match.group().lstrip("-+\u2212€$£¥ ")
        start = match.end() - len(raw)
        if SPACED.search(raw) and not GROUPED.fullmatch(raw):
            raw = SPACED.split(raw)[0]
        yield Number(start, start + len(raw), _values(raw))


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
            length = (
                len(token.word.partition("-")[0]) if token.word not in PARTS else len(token.word)
            )
            is_vague = token.word in ARTICLES and not _is_duration(text, tokens, at)
            yield Number(token.start, token.start + length, frozenset((value,)), is_vague)
        at += max(1, used)


def _value_alone(text: str, tokens: Sequence[_Token], at: int) -> float:
    """What one word stands for; 0 for none."""
    token = tokens[at]
    if token.word in ARTICLES:
        return 1.0 if _is_time(tokens, at + 1) else 0.0
    if token.word == "once":
        return 1.0 if at + 1 < len(tokens) and tokens[at + 1].word in RATES else 0.0
    if token.word in ORDINALS:
        is_share = SHARES.search(text, max(0, token.start - 6), token.start)
        return 1 / ORDINALS[token.word] if is_share else 0.0
    if token.word in FRACTIONS:
        return 1 / FRACTIONS[token.word]
    first, dash, _ = token.word.partition("-")
    return PARTS.get(token.word) or float(small_numbers().get(first, 0) if dash else 0)


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
    elif gap.isspace() and word in FRACTIONS:
        factor = 1 / FRACTIONS[word]
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
