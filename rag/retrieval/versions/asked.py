"""Which version of a document a question asks for: the one in force, unless it says otherwise."""

import re
from dataclasses import dataclass
from typing import Literal

from rag.text.days import WRITTEN_DAY, last_day, read_day

Wanted = Literal["current", "former", "draft", "all"]

VERSION = re.compile(
    r"\b(?:version|revision|edition|fassung|ausgabe|révision|édition|versión|edición)\s+"
    r"(?:no\.?\s+|nr\.?\s+)?v?(\d{1,4}(?:\.\d{1,4}){0,3})\b|\bv(\d{1,3}(?:\.\d{1,4}){1,3})\b",
    re.I,
)
RULE = (
    r"(?:\w+\s+){0,3}?(?:polic(?:y|ies)|rules?|version|edition|rates?|limits?|prices?|fares?|fees?"
    r"|allowances?|regulations?|guidelines?|handbook|manual|procedure|arrangement|terms)\b"
)
GERMAN = (
    r"(?:\w+\s+)?\w*(?:regeln?|regelung(?:en)?|richtlinie|ordnung|satzung|fassung|version|sätze)\b"
)
FRENCH = r"(?:règles?|règlement|politique|version|tarifs?|texte|charte|consignes?)"
SPANISH = r"(?:normas?|reglas?|reglamento|política|versión|tarifas?|condiciones)"
FORMER = re.compile(
    rf"""\b(?:
    (?:old|older|earlier|prior|original|previous|former|superseded|outdated|obsolete)\s+{RULE}
    |previously|formerly|back\s+then|until\s+then
    |used?\s+to\s+(?:be|cost|get|have|apply|receive|earn|pay|say)\b(?=.*\?)
    |version\s+before\s+(?:this|the)
    |before\s+(?:(?:the|this|that|it|its|they)\s+(?:\w+\s+){{0,2}}?)?
        (?:changed?|new\s+(?:rules?|policy|version)|update|revision|was\s+replaced|current|latest)
    |(?:alte[nrsm]?|bisherige[nrsm]?|frühere[nrsm]?|vorherige[nrsm]?)\s+{GERMAN}
    |bisher|damals|(?<!viel\s)(?<!etwas\s)(?<!nicht\s)früher(?!\s+als)
    |(?:ancienn?e?s?|précédente?s?)\s+{FRENCH}|{FRENCH}\s+précédente?s?|auparavant|autrefois
    |antigu[oa]s?\s+{SPANISH}|{SPANISH}\s+(?:anterior(?:es)?|antigu[oa]s?)|anteriormente
    )\b
    |\b(?:was|were|did|had)\b.{{0,80}}\bbefore\s*(?:that\s*)?[?.!]*$""",
    re.I | re.X,
)
OF_AGE = re.compile(r"\b(?:how|years?|months?|weeks?|days?)[\s-]+old(?:er)?\b", re.I)
CURRENT = re.compile(
    r"\b(?:current(?:ly)?|now(?:adays)?|today|at\s+present|still|latest|newest|in\s+force"
    r"|aktuell\w*|derzeit\w*|heute|jetzt|geltende\w*|noch|actuel\w*|aujourd['’]hui|maintenant"
    r"|encore|actual\w*|hoy|ahora|todavía|vigente)\b",
    re.I,
)
COMPARED = re.compile(
    r"\b(?:chang(?:e|es|ed|ing)\s+(?:in|between|since|from|with)|(?:what|how|has|have)\b.{0,60}"
    r"\bchanged\b|did\b.{0,60}\bchange\b|differences?|differ|compared?|geändert|unterschied\w*"
    r"|différence\w*"
    r"|(?:a|ont)\s+changé|diferencias?|(?:ha|han)\s+cambiado)\b",
    re.I,
)
DRAFT = re.compile(r"\b(?:draft|entwurf|projet\s+de|borrador)\b", re.I)


@dataclass(frozen=True, slots=True)
class AskedVersion:
    """What a question says of the version that it means; `day` is an ISO date, empty for none."""

    wanted: Wanted = "current"
    version: str = ""
    days: tuple[str, ...] = ()


def read_asked_version(question: str, today: str) -> AskedVersion:
    """A question's own words for it: a version, a year or day, "old", "before the change"."""
    named = VERSION.search(question)
    days = _read_days(VERSION.sub(" ", question), today)
    if named:
        return AskedVersion("current", named[1] or named[2], days)
    plain = OF_AGE.sub(" ", question)
    if COMPARED.search(plain) or len(days) > 1:
        return AskedVersion("all", days=days)
    if DRAFT.search(plain):
        return AskedVersion("draft", days=days)
    is_former = FORMER.search(plain) and not CURRENT.search(FORMER.sub(" ", plain))
    return AskedVersion("former" if is_former else "current", days=days)


def _read_days(question: str, today: str) -> tuple[str, ...]:
    """The days that are named, of a year or month the last one that has been."""
    days = (read_day(question, found.start()) for found in WRITTEN_DAY.finditer(question))
    said = dict.fromkeys(day[0] for day in days if day and day[0])
    return tuple(today if today.startswith(each) else last_day(each) for each in said)
