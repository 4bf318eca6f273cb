"""How an amount or a date is bounded: at least, at most, from, until, before, after."""

import re
from typing import Literal

Bound = Literal["", "at least", "at most", "from", "until", "before", "after"]

_LEAD = (
    r"\W*(?:the |an? |als |de |el |la |le |of |a |age of |an age of |next |following |first |last "
    r"|about |around |some |only |full )*$"
)
_LOWER = re.compile(
    r"\b(?:at least|no (?:less|fewer|earlier|shorter) than|not (?:less|fewer) than"
    r"|minimum(?: of)?|min\.?|more than|over|above|exceed\w*|beyond"
    r"|waits?(?: for)?|(?:long|great|old|heavi|tall|high|larg|bigg|warm"
    r"|fast|lat)er than|mindestens|über|mehr als|wenigstens|au moins|plus de|minimum de|al menos"
    r"|como mínimo|más de|por lo menos|almeno|più di|minstens|meer dan|earliest)" + _LEAD,
    re.I,
)
_UPPER = re.compile(
    r"\b(?:at most|no (?:more|later|longer|greater) than|not (?:more|later) than|maximum(?: of)?"
    r"|max\.?|(?<!add )(?<!adds )(?<!adding )up to|as (?:much|many|late) as|less than|fewer than"
    r"|under|below|within|limited to|limit (?:of|is)|closes?"
    r"|(?:short|young|light|low|small|earli|cold|cheap|slow)er than|höchstens|maximal|bis zu|unter"
    r"|weniger als|innerhalb von|binnen|spätestens|au plus|jusqu['’](?:à|au)|moins de|maximum de"
    r"|dans les|como máximo|hasta|menos de|dentro de|al massimo|fino a|entro|meno di|hoogstens"
    r"|maximaal|tot|minder dan|latest|not exceed\w*)" + _LEAD,
    re.I,
)
_OF_TIME: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    (
        "from",
        re.compile(
            r"\b(?:from|since|starting|as of|ab|seit|dès|depuis|à partir d[eu]|desde|dal|vanaf)"
            + _LEAD,
            re.I,
        ),
    ),
    (
        "until",
        re.compile(r"\b(?:by|bis|hasta|jusqu['’](?:à|au)|fino al?|tot)" + _LEAD, re.I),
    ),
    (
        "before",
        re.compile(r"\b(?:before|prior to|ahead of|vor|avant|antes de|prima|voor)" + _LEAD, re.I),
    ),
    (
        "after",
        re.compile(r"\b(?:after|following|later than|nach|après|después de|dopo|na)" + _LEAD, re.I),
    ),
)
_AFTERWARDS: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    (
        "at least",
        re.compile(
            r"\s*(?:\w+\s){0,2}?(?:or (?:more|longer|older|above|over)|at (?:the )?least"
            r"|(?:before \w+ )?at the earliest|and (?:over|above|more)|onwards?|minimum"
            r"|oder mehr|ou plus|o más)\b",
            re.I,
        ),
    ),
    (
        "at most",
        re.compile(
            r"\s*(?:\w+\s){0,2}?(?:or (?:less|fewer|younger|under|below)"
            r"|at (?:the )?(?:most|latest)|maximum|oder weniger|ou moins|o menos)\b",
            re.I,
        ),
    ),
)
_LIMITS: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    ("at least", _LOWER),
    ("at most", _UPPER),
    ("until", re.compile(r"\b(?:until|till?)" + _LEAD, re.I)),
)
_TURNABLE = re.compile(r"more|less|fewer|\w+er than|over|above|below|under", re.I)
_TURN = re.compile(
    r"\b(?:no|not|nobody|none|never|cannot|\w+n['’]t|without|nicht|kein\w*|niemand)\b[^.,;:]*$",
    re.I,
)
_FAR = 40  # characters before an amount in which its bound can stand; chosen
_LOW: tuple[Bound, ...] = ("at least", "from", "after")
_HIGH: tuple[Bound, ...] = ("at most", "until", "before")


def find_bound(text: str, start: int, end: int, *, is_time: bool) -> Bound:
    """The bound of what stands there; "nobody may bring more than three" is an at most."""
    first = max(0, start - _FAR)
    limits = [
        (name, match) for name, pattern in _LIMITS if (match := pattern.search(text, first, start))
    ]
    if limits:
        name, match = min(limits, key=lambda limit: limit[1].start())
        if _TURNABLE.match(match.group()) and _TURN.search(text, first, match.start()):
            return "at most" if name == "at least" else "at least"
        return name
    if is_time:
        for bound, pattern in _OF_TIME:
            if pattern.search(text, first, start):
                return bound
    after = text[end : end + _FAR]
    return next((bound for bound, pattern in _AFTERWARDS if pattern.match(after)), "")


def is_opposed(one: Bound, other: Bound) -> bool:
    """Whether one bound is from below and the other from above."""
    return (one in _LOW and other in _HIGH) or (one in _HIGH and other in _LOW)
