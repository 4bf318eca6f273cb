"""What a question asks for, by cheap rules where that changes what is collected for the answer."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["fact", "list", "steps", "comparison", "superlative"]
Wanted = Literal["number", "time", "person", "other"]


def _words(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.I)


STEPS = _words(
    "steps?|step by step|procedure|walk me through|(?:in )?what order|minute by minute"
    "|how do (?:i|we|you) (?!know)|how (?:should|must|can) (?:i|we|you)|what (?:should|must|do|shall) "
    "(?:i|we|you|one|crew|staff) do|what am i (?:supposed|meant) to do|go about|what is the way"
    "|what happens|sequence of|schritte?|reihenfolge|wie gehe ich vor|was muss ich tun|étapes?"
    "|que dois-je faire|marche à suivre|pasos?|qué (?:debo|tengo que) hacer|passi|stappen"
)
LIST = _words(
    "list|lists|name (?:all|every|the)|names of|all (?:the|of|our|your)|every|each|rundown|overview"
    "|who (?:attended|was present|took part|were present)|which (?:\\w+ ){0,2}\\w+s\\b"
    "|what (?:are|were|do i need|should i bring)|what (?!is|was|time|does|kind)(?:\\w+ ){0,1}\\w+s\\b"
    "|everything|who all|liste|alle|welche|nenne|quels|quelles|toutes?|tous|énumère|cuáles|todos"
    "|todas|quali|tutti|tutte|welke|quais"
)
COMPARISON = _words(
    "compare[ds]?|comparison|than|differences?|differ|versus|vs|which of the two|or|both|vergleich"
    "|unterschied|als|comparaison|différence|diferencia|differenza|verschil"
)
SIDES = re.compile(
    r"\b(?:compared?|comparison|than|differences?|versus|vs|of the two|both)\b"
    r"|(?:er|more|less|better|worse|which|who|whether)\b.*\bor\b",
    re.I,
)
MOST = _words(
    "most|largest|biggest|longest|highest|greatest|latest|oldest|tallest|widest|heaviest|fastest"
    "|strongest|dearest|maximum|last|newest|best|top|größte[rns]?|höchste[rns]?|längste[rns]?"
    "|teuerste[rns]?|meisten?|plus (?:grande?|longue?|cher|chère)|mayor|más (?:grande|caro|largo)"
)
LEAST = _words(
    "least|smallest|shortest|lowest|fewest|earliest|youngest|cheapest|lightest|slowest|narrowest"
    "|minimum|first|worst|kleinste[rns]?|niedrigste[rns]?|kürzeste[rns]?|billigste[rns]?"
    "|wenigsten?|moins (?:grande?|cher|chère)|menor|más (?:pequeñ[oa]|barat[oa])"
)
SUPERLATIVE = re.compile(rf"(?:{MOST.pattern}|{LEAST.pattern})", re.I)
NOT_RANKED = _words(
    "at (?:most|least)|first aid|last (?:year|time|month)|maximum|minimum|first|last"
)
NUMBER = _words(
    "how (?:much|many|long|old|far|high|tall|wide|heavy|big|large|fast|often|early|late|deep)|costs?"
    "|price|limit|number of|rate|share|percentage|what (?:amount|weight|value|size|height|length)"
    "|wie ?viele?|wie (?:lange|hoch|oft|alt|weit|teuer)|combien|cuánt[oa]s?|quant[oiae]|hoeveel"
)
TIME = _words(
    "when|what time|which day|what day|what date|date|deadline|by when|until when|which year"
    "|what year|how (?:late|early|soon|long)|wann|quand|cuándo|quando|wanneer"
)
PERSON = _words("who|whom|whose|wer|wem|wen|qui|quién(?:es)?|chi|wie heißt")
HALF = re.compile(
    r"(?:,\s*|;\s*|\s+)(?:and|und|et|y|e|en)\s+(?=(?:(?:by|for|from|to|at|in|on|until|since|of|with) )?"
    r"(?:how|what|when|who|whom|where|which|why|does|do|is|are|can|may|must|was|did|will|wie|was"
    r"|wann|wer|wo|combien|quand|qui|où|quel|quelle|cuánto|cuándo|quién|dónde|qué)\b)"
    r"|(?<=\?)\s+(?=\S)",
    re.I,
)
LEAST_WORDS_OF_HALF = 3  # chosen: "and why?" asks nothing that can be searched for alone


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its `halves` where it asks two things, and what would be an answer to it."""

    text: str
    kind: Kind
    wanted: Wanted
    halves: tuple[str, ...]

    @property
    def most(self) -> bool:
        """Whether a superlative asks for the most, not the least."""
        return not LEAST.search(self.text)


def read_question(text: str) -> Asked:
    """What `text` asks for."""
    halves = tuple(part.strip() for part in HALF.split(text) if part.strip())
    is_double = len(halves) > 1 and all(len(half.split()) >= LEAST_WORDS_OF_HALF for half in halves)
    return Asked(text, _kind(text), _wanted(text), halves if is_double else (text,))


def _kind(text: str) -> Kind:
    ranked = NOT_RANKED.sub(" ", text)
    if SUPERLATIVE.search(ranked):
        return "superlative"
    if SIDES.search(text):
        return "comparison"
    if STEPS.search(text):
        return "steps"
    return "list" if LIST.search(text) else "fact"


def _wanted(text: str) -> Wanted:
    if TIME.search(text) and not re.search(r"\bhow (?:much|many)\b", text, re.I):
        return "time"
    if NUMBER.search(text):
        return "number"
    return "person" if PERSON.search(text) else "other"
