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
    "|how do (?:i|we|you) (?!know)|how (?:should|must|can) (?:i|we|you)"
    "|what (?:should|must|do|shall) (?:i|we|you|one|crew|staff) do"
    "|what am i (?:supposed|meant) to do|go about|what is the way"
    "|what happens|sequence of|schritte?|reihenfolge|wie gehe ich vor|was muss ich tun|étapes?"
    "|que dois-je faire|marche à suivre|pasos?|qué (?:debo|tengo que) hacer|passi|stappen"
)
LIST = _words(
    "lists?|name (?:all|every|the)|names of|all (?:of )?(?:the|our|your)|every|each|rundown"
    "|overview|who (?:attended|was present|took part|were present)"
    "|which (?:\\w+ )?(?!(?:is|was|has|does|this|its)\\b)\\w+[^\\Ws]s"
    "(?! (?:the|an?|our|my|her|his|it|us)\\b)|what (?:are|were|do i need|should i bring)"
    "|what (?:(?!(?:is|was|time|do|did|kind|has|can|may|must|should|will)\\b)\\w+ )?"
    "(?!(?:is|was|does|has|this|its)\\b)\\w+[^\\Ws]s"
    "|everything|who all|liste|alle|welche|nenne|quels|quelles|toutes?|tous|énumère|cuáles|todos"
    "|todas|quali|tutti|tutte|welke|quais"
)
COMPARISON = re.compile(
    r"\b(?:compared?|comparison|than|differ(?:ences?)?|versus|vs|of the two|both|vergleich"
    r"|unterschied|différence|diferencia|differenza|verschil)\b"
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
    "how (?:much|many|long|old|far|high|tall|wide|heavy|big|large|fast|often|early|late|deep)"
    "|costs?|price|limit|number of|rate|share|percentage"
    "|what (?:amount|weight|value|size|height|length)"
    "|wie ?viele?|wie (?:lange|hoch|oft|alt|weit|teuer)|combien|cuánt[oa]s?|quant[oiae]|hoeveel"
)
TIME = _words(
    "when|what time|which day|what day|what date|date|deadline|by when|until when|which year"
    "|what year|how (?:late|early|soon|long)|wann|quand|cuándo|quando|wanneer"
)
PERSON = _words("who|whom|whose|wer|wem|wen|qui|quién(?:es)?|chi|wie heißt")
HALF = re.compile(
    r"(?:,\s*|;\s*|\s+)(?:and|und|et|y|e|en)\s+"
    r"(?=(?:(?:by|for|from|to|at|in|on|until|since|of|with) )?"
    r"(?:how|what|when|who|whom|where|which|why|does|do|is|are|can|may|must|was|did|will|wie|was"
    r"|wann|wer|wo|combien|quand|qui|où|quel|quelle|cuánto|cuándo|quién|dónde|qué)\b)"
    r"|(?<=\?)\s+(?=\S)",
    re.I,
)
NUMBERED = re.compile(r"\b([A-ZÀ-Þ][a-zà-ÿ]+) (\d+[A-Za-z]?|[A-Z]\d+)\b")
"""A thing named by a number, as in "Route 3"."""
ALSO_NUMBERED = re.compile(
    r"\b([A-ZÀ-Þ][a-zà-ÿ]+?)s? (\d+[A-Za-z]?),? (?:and|or|und|oder|et|ou|y|o) (\d+[A-Za-z]?)\b"
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*")
LEAST_WORDS_OF_HALF = 3  # chosen: "and why?" asks nothing that can be searched for alone


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what would be an answer to it.

    Where it asks two things these are its `halves`; where it asks the same of several, as of two
    routes, or compares them, these are its `sides`.
    """

    text: str
    kind: Kind
    wanted: Wanted
    halves: tuple[str, ...]
    sides: tuple[str, ...] = ()

    @property
    def most(self) -> bool:
        """Whether a superlative asks for the most, not the least."""
        return not LEAST.search(self.text)


def read_question(text: str) -> Asked:
    """What `text` asks for."""
    halves = tuple(part.strip() for part in HALF.split(text) if part.strip())
    is_double = len(halves) > 1 and all(len(half.split()) >= LEAST_WORDS_OF_HALF for half in halves)
    kind = _kind(text)
    sides = _sides(text, kind)
    is_double = is_double and not sides
    return Asked(text, kind, _wanted(text), halves if is_double else (text,), sides)


def _sides(text: str, kind: Kind) -> tuple[str, ...]:
    """Several things of one kind that the same is asked of."""
    numbered: list[str] = []
    for name, first, second in ALSO_NUMBERED.findall(text):
        numbered += [f"{name} {first}", f"{name} {second}"]
    one_each = NUMBERED.findall(ALSO_NUMBERED.sub(" ", text))
    numbered += [f"{name} {number}" for name, number in one_each]
    kinds = {each.split()[0] for each in numbered}
    found = [numbered] if len(kinds) == 1 else []
    found.append(YEAR.findall(text))
    if kind == "comparison":
        found.append(NAME.findall(text))
    several = (tuple(dict.fromkeys(each)) for each in found)
    return next((each for each in several if len(each) > 1), ())


def _kind(text: str) -> Kind:
    ranked = NOT_RANKED.sub(" ", text)
    if SUPERLATIVE.search(ranked):
        return "superlative"
    if COMPARISON.search(text):
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
