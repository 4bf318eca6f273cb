"""Words that turn a statement round or narrow it: denials, limits, duties, and opposites."""

import re
from collections.abc import Set
from typing import NamedTuple

DENIAL = re.compile(
    r"\b(?:not|no(?! (?:less|more|fewer|later|earlier|longer|sooner)\b)|never|none|nobody|nothing"
    r"|neither|nor|without|cannot|\w+n['’]t|unless|hardly|forbid\w*|prohibit\w*|refus\w+"
    r"|impossible|nicht|keine?[rnms]?|nie|niemals|niemand|ohne|verboten|ne|n['’]|jamais"
    r"|aucune?|sans|interdite?s?|nunca|ningun\w*|ningún|sin|prohibid\w+|non|mai|nessun\w*"
    r"|senza|vietat\w+|niet|geen|nooit|zonder)\b",
    re.I,
)
LEADING_REPLY = re.compile(r"^\W*(?:yes|no|ja|nein|oui|non|sí|si|no|nee)\s*[,.;:–-]+\s*", re.I)
IN_ALL = re.compile(r"\b(?:in|at|after|above) all\b", re.I)
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
EXCEPT = re.compile(
    r"\b(?:except\w*|apart from|other than|but not|unless"
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
_OPPOSITES = """
monday | tuesday | wednesday | thursday | friday | saturday | sunday
mondays | tuesdays | wednesdays | thursdays | fridays | saturdays | sundays
north northern northerly | south southern southerly | east eastern easterly | west western westerly
port | starboard
bow fore forward | stern aft astern
ashore shore | afloat aboard sea seagoing | mainland
summer | winter | spring | autumn
morning mornings | afternoon afternoons | evening evenings | night nights noon midnight
adult adults | child children | infant infants baby babies
passenger passengers | crew | driver drivers
full-time | part-time
employee employees | employer company
weekday weekdays | weekend weekends
daily | weekly | monthly | yearly annually annual | quarterly
more greater higher larger above over | less fewer lower smaller below under
longer bigger heavier older later taller | shorter lighter younger earlier
longest largest highest biggest greatest most | shortest smallest lowest least
heaviest oldest tallest | lightest youngest newest
increase increased increases rise rose grew up | decrease decreased fall fell drop dropped down
before prior beforehand | after afterwards following
first | last | second | third
arrival arrive arrives arriving arrived | departure depart departs departing departed leaves
open opens opened opening | closed close closes closing shut
inside indoors indoor | outside outdoors outdoor
free | paid charged
paper | electronic electronically online digital email e-mail
single | return double
internal | external
minimum least | maximum most
accept accepts accepted approve approved | reject rejects rejected refuse refused denied
win won wins | lose lost loses
buy bought purchase purchased | sell sold sells
start starts starting begin begins beginning began | end ends ending finish finishes stop stops
upper | lower
left | right
black | white | red | green | blue | yellow | orange | grey gray | brown
hot warm | cold cool
new | old
public | private
male man men | female woman women
mother mothers | father fathers
husband | wife
gain gains profit profits | loss losses
import imports | export exports
include includes included including | exclude excludes excluded excluding
with | without
allowed permitted | forbidden prohibited banned
optional voluntary | mandatory compulsory obligatory required
temporary | permanent
gross | net
written writing | oral orally spoken verbal verbally
always | never | sometimes
early | late
including included | excluding excluded except excepting
manual manually | automatic automatically
receive receives received | give gives given
remain remains kept keep keeps | remove removes removed
master captain | engineer | officer | deckhand deckhands | purser pursers
kilometre kilometres km | mile miles
"""
OPPOSITES: dict[str, list[tuple[int, int]]] = {}
for _row, _line in enumerate(_OPPOSITES.strip().splitlines()):
    for _side, _names in enumerate(_line.split("|")):
        for _name in _names.split():
            OPPOSITES.setdefault(_name, []).append((_row, _side))
"""For each word the lists of opposites that it stands in, and on which side."""


class Denial(NamedTuple):
    """Where a statement denies something."""

    start: int
    end: int


class Tone(NamedTuple):
    """How a statement is turned round or narrowed."""

    denials: tuple[Denial, ...]
    only: bool
    all: bool
    exception: bool
    duty: str


TURNED_BOUND = re.compile(
    r"\b(?:no|not|nobody|none|never|cannot|\w+n['’]t)\b"
    r"(?=[^.,;:]{0,40}\b(?:more|less|fewer|\w+er) than\b)"
    r"|\bfor nothing\b|\bnothing more\b|\bno(?:t|thing) (?:only|but)\b",
    re.I,
)
"""Denials that only turn a bound round: "nobody may bring more than three"."""


def find_denials(text: str) -> tuple[Denial, ...]:
    """The denials of a text, apart from a leading reply and from turned bounds."""
    reply = LEADING_REPLY.match(text)
    start = reply.end() if reply else 0
    turned = [match.span() for match in TURNED_BOUND.finditer(text)]
    return tuple(
        Denial(*match.span())
        for match in DENIAL.finditer(text, start)
        if not any(first <= match.start() < last for first, last in turned)
    )


def read_tone(text: str) -> Tone:
    """The tone of a statement; a leading yes or no is its answer, not a denial."""
    plain = IN_ALL.sub("", LEADING_REPLY.sub("", text))
    return Tone(
        find_denials(text),
        bool(ONLY.search(plain)),
        bool(ALL.search(plain)),
        bool(EXCEPT.search(plain)),
        next((name for name, words in DUTIES.items() if words.search(plain)), ""),
    )


def find_opposites(claim: Set[str], source: Set[str]) -> list[tuple[str, str]]:
    """Words of a claim that the source lacks while it has an opposite that the claim lacks."""
    sides = {place: word for word in source for place in OPPOSITES.get(word, ())}
    own = {place for word in claim for place in OPPOSITES.get(word, ())}
    found = []
    for word in sorted(claim):
        for row, side in OPPOSITES.get(word, ()):
            others = [place for place in sides if place[0] == row and place[1] != side]
            if (row, side) not in sides and others and not own & set(others):
                found.append((word, sides[others[0]]))
    return found
