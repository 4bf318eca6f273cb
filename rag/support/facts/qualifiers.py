"""Words that turn a statement round or narrow it: denials, limits, duties, and opposites."""

import re
from typing import NamedTuple

DENIAL = re.compile(
    r"\b(?:not|no(?! (?:less|more|fewer|later|earlier|longer|sooner)\b)|never|none|nobody|nothing"
    r"|neither|nor|without|cannot|\w+n['’]t|unless|hardly|forbid\w*|prohibit\w*|refus\w+"
    r"|impossible|nicht|keine?[rnms]?|nie|niemals|niemand|ohne|verboten|ne|n['’]|jamais"
    r"|aucune?|sans|interdite?s?|nunca|ningun\w*|ningún|sin|prohibid\w+|non|mai|nessun\w*"
    r"|senza|vietat\w+|niet|geen|nooit|zonder)\b",
    re.I,
)
INNER_DENIAL = re.compile(
    r"\b(?:refus\w+|reject\w*|declin\w+|exclud\w+|prevent\w*|ban(?:s|ned)?|barred|block(?:s|ed)?"
    r"|abolish\w*|cancel\w*|fail\w*|lack\w*|avoid\w*|loss"
    r"|waive\w*|exempt\w*|free of|un(?!til|it|der|ion|ique|ive|less|load)\w{4,}|stop(?:s|ped)?"
    r"|instead|open-ended|to be \w+ed|otherwise|keep\w* \w+ from|too \w+ to"
    r"|turn\w* (?:\w+ ){0,3}(?:away|down))\b",
    re.I,
)
"""Words that deny by what they mean; they answer a "not" of the other text, and undo their own."""
LEADING_REPLY = re.compile(r"^\W*(?:yes|no|ja|nein|oui|non|sí|si|no|nee)\s*[,.;:–-]+\s*", re.I)
OTHERWISE_MEANT = re.compile(
    r"\b(?:(?:in|at|after|above) all|(?:at )?the most|at most|half an?|an? half"
    r"|any (?:more|longer))\b",
    re.I,
)
"""Phrases whose "all", "most", "half" or "any" says nothing of how many."""
FRAME = re.compile(
    r"^(?:(?:please )?note that |good to know: |it (?:also )?(?:states|says|notes) that "
    r"|to summari[sz]e, |in (?:short|summary|other words), |according to [^,]{1,60}, "
    r"|(?:as )?per [^,]{1,40}, |as (?:stated|described|noted) in [^,]{1,40}, |by comparison, "
    r"|in addition, |additionally, |overall, |looking at [^,]{1,40}, )",
    re.I,
)
"""What stands before a statement and is no part of it: who says so, or that it follows."""
ONLY = re.compile(
    r"\b(?:only|solely|exclusively|alone|nur|ausschließlich|uniquement|seulement|sólo|solo"
    r"|solamente|únicamente|soltanto|slechts|alleen)\b",
    re.I,
)
ALL = re.compile(
    r"\b(?:all|every|everyone|everybody|each|always|any|any time|entire|alle[rns]?|jede[rsnm]?"
    r"|immer|tous|toutes?|chaque|toujours|todos|todas|cada|siempre|tutti|tutte|ogni|sempre"
    r"|elke?|altijd)\b",
    re.I,
)
PARTLY = re.compile(
    r"\b(?:some|most|mostly|many|usually|normally|often|sometimes|generally|partly|half"
    r"|manche|einige|meist|meistens|oft|certains|parfois|souvent|algunos|algunas|a veces|alcuni"
    r"|spesso|sommige|vaak|soms)\b",
    re.I,
)
EXCEPT = re.compile(
    r"\b(?<!without )(?<!without any )(?<!without an )(?<!no )(?:except\w*|apart from"
    r"|other than|but not|unless"
    r"|außer|sauf|excepto|salvo|tranne|behalve)\b",
    re.I,
)
MUST = re.compile(
    r"\b(?:must|shall|ha(?:s|ve) to|needs?|needed to|required?|requires|obliged|obligatory"
    r"|mandatory|compulsory|muss|müssen|pflicht\w*|doit|doivent|obligatoire\w*|debe|deben"
    r"|tiene que|tienen que|obligatori\w+|deve|devono|moet|moeten|verplicht)\b",
    re.I,
)
MAY = re.compile(
    r"\b(?:may|can|might|could|allowed|permitted|optional\w*|free to|darf|dürfen|kann|können|peut"
    r"|peuvent|puede|pueden|può|possono|mag|mogen|kan|kunnen)\b",
    re.I,
)
SHOULD = re.compile(
    r"\b(?:should|ought|recommend\w*|advis\w+|suggest\w*|encourage\w*|sollte\w*|empfohlen"
    r"|devrai\w+|recommandé\w*|debería\w*|recomend\w+|dovrebbe\w*|consigliat\w+"
    r"|zou(?:den)? moeten|aanbevolen)\b",
    re.I,
)
DUTIES = {"should": SHOULD, "must": MUST, "may": MAY}


class Denial(NamedTuple):
    """Where a statement denies something."""

    start: int
    end: int


class Tone(NamedTuple):
    """How a statement is turned round or narrowed."""

    denials: tuple[Denial, ...]
    only: bool
    all: bool
    partly: bool
    exception: bool


TURNED_BOUND = re.compile(
    r"\b(?:no|not|nobody|none|never|cannot|\w+n['’]t)\b"
    r"(?=[^.,;:]{0,40}\b(?:more|less|fewer|\w+er) than\b)"
    r"|\bfor nothing\b|\bnothing more\b|\bno(?:t|thing) (?:only|but)\b",
    re.I,
)
"""Denials that only turn a bound round: "nobody may bring more than three"."""


UNDONE = re.compile(rf"\s(?:\w+\s)?{INNER_DENIAL.pattern}", re.I)
"""What follows a denial that means the opposite of one: "nobody is refused", "without loss"."""


def find_denials(text: str) -> tuple[Denial, ...]:
    """The denials of a text, apart from a leading reply and from turned bounds."""
    reply = LEADING_REPLY.match(text)
    start = reply.end() if reply else 0
    turned = [match.span() for match in TURNED_BOUND.finditer(text)]
    denials = [match.span() for match in DENIAL.finditer(text, start)]
    undone = [(at, found.end()) for at, end in denials if (found := UNDONE.match(text, end))]
    return tuple(
        Denial(at, end)
        for at, end in denials
        if not any(first <= at < last for first, last in (*turned, *undone))
    )


def read_tone(text: str) -> Tone:
    """The tone of a statement; a leading yes or no is its answer, not a denial."""
    plain = OTHERWISE_MEANT.sub("", LEADING_REPLY.sub("", text))
    return Tone(
        find_denials(text),
        bool(ONLY.search(plain)),
        bool(ALL.search(plain)),
        bool(PARTLY.search(plain)),
        bool(EXCEPT.search(plain)),
    )
