"""What of the candidates becomes the answer: sentences, whole lists, rows that decide."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rag.answering.extracting.candidates import Candidate, ReadText
from rag.answering.extracting.intent import Asked
from rag.answering.extracting.quotable import Unit
from rag.answering.extracting.scoring import Question, Scored
from rag.domain import Passage, Span

# Measured on the tuning parts, one value changed at a time: docs/decisions/extractive-answers.md
MOST_SENTENCES = 3  # with 2 the numbers of .60 of the answers, with 3 of .61
MOST_ITEMS = 25  # chosen: what a reader takes in; a longer list or table is cut, and that is said
# "fact" measured: .7 cites .02 more of the evidence, of the citations .06 fewer are of it.
KEEP_ABOVE = {"fact": 0.9, "list": 0.8, "steps": 0.6, "comparison": 0.5, "superlative": 0.7}
NEW_WORDS = 0.34  # as the answerer before had it: 0 to .5 within .02
NEAR_BEST = 0.4  # .6: lists and steps as often whole, rows of tables less often
LEADS_WITH_NUMBER = re.compile(r"[^\d+-]*([+-]?\d[\d.,]*)")
MEASURES = tuple(
    (re.compile(rf"\b(?:{asked})", re.I), re.compile(rf"(?:\b|_)(?:{named})|{sign}", re.I))
    for asked, named, sign in (
        ("long|short", "length|duration|time|dauer|länge|durée", "(?!)"),
        ("wid|narrow|broad", "width|beam|breite|largeur", "(?!)"),
        ("high|tall|low", "height|höhe|hauteur", "(?!)"),
        ("heav|light", "weight|tonnage|gewicht|poids", "(?!)"),
        ("fast|slow|quick", "speed|knots|tempo|vitesse", "(?!)"),
        ("old|new|young", "built|year|baujahr|année", "(?!)"),
        ("cheap|dear|expensive|costl|money|price", "price|cost|fare|budget|preis|prix", "[€$£]"),
    )
)
"""Words of a question, and the names or signs of the columns that they mean."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units that stand together in a source and are quoted as one; `lead` says what they are.

    `is_list` where they are all of a list, `left_out` how many of it are not given.
    `intro` and `note` are words of ours, on the line of the quote and before it.
    """

    passage: Passage
    source: ReadText
    units: tuple[Unit, ...]
    lead: Unit | None = None
    is_list: bool = False
    left_out: int = 0
    intro: str = ""
    note: str = ""

    @property
    def span(self) -> Span:
        """The characters that are quoted."""
        first = self.units[0]
        if self.lead and self.lead.kind == "lead-in" and self.is_list:
            first = min(first, self.lead, key=lambda unit: unit.span.start)
        return Span(
            self.source.span(first).start,
            self.source.span(self.units[-1]).end,
        )


def choose(question: Question, scored: Sequence[Scored]) -> list[Part]:
    """The parts of an answer, best first; there is at least one candidate."""
    kind, best = question.asked.kind, scored[0]
    if kind == "superlative":
        deciding = _decide(question, scored)
        if deciding:
            return deciding
    if kind in ("list", "steps"):
        whole = _find_list(question, scored)
        if whole:
            return whole
    return [_met(question, each.candidate) for each in _add(question.asked, scored, best)]


def _met(question: Question, candidate: Candidate) -> Part:
    """A candidate, with the sentence after it where that alone has what is wanted.

    Where a list is wanted, prose often goes on with it.
    """
    part, after = part_of(candidate), candidate.next
    if candidate.unit.kind != "sentence" or after is None or after.kind != "sentence":
        return part
    is_met, is_met_after = map(question.is_met_by, (candidate.unit.text, after.text))
    goes_on = question.asked.kind in ("list", "steps") or (is_met_after and not is_met)
    is_apart = after.heading != candidate.unit.heading
    return replace(part, units=(candidate.unit, after)) if goes_on and not is_apart else part


def without_repeats(parts: Sequence[Part]) -> list[Part]:
    """Each part once, and none that stands in another."""
    kept: list[Part] = []
    for part in parts:
        if not any(_holds(other, part) for other in kept):
            kept = [other for other in kept if not _holds(part, other)] + [part]
    return kept


def _holds(whole: Part, part: Part) -> bool:
    a, b = whole.span, part.span
    is_same = whole.source.document.id == part.source.document.id
    return is_same and a.start <= b.start and b.end <= a.end


def part_of(candidate: Candidate) -> Part:
    """A candidate as a part of its own."""
    unit = candidate.unit
    return Part(candidate.passage, candidate.source, (unit,), unit.before)


def _add(asked: Asked, scored: Sequence[Scored], best: Scored) -> Iterator[Scored]:
    """The best, then those nearly as good that say something the chosen ones do not."""
    said: set[str] = set()
    count = 0
    for each in scored:
        is_near = each.score >= KEEP_ABOVE[asked.kind] * best.score
        if count and (not is_near or count == MOST_SENTENCES):
            return
        if count and len(each.terms - said) < NEW_WORDS * len(each.terms):
            continue
        said |= each.terms
        count += 1
        yield each


def _find_list(question: Question, scored: Sequence[Scored]) -> list[Part]:
    """The list or table that one of the best candidates is of; none where they are sentences."""
    for each in scored:
        candidate = each.candidate
        if each.score < NEAR_BEST * scored[0].score:
            return []
        if len(candidate.source.group(candidate.unit)) > 1:
            return _whole(question, candidate)
    return []


def _whole(question: Question, candidate: Candidate) -> list[Part]:
    group = candidate.source.group(candidate.unit)
    asked_for = _narrow(question, group, candidate.source.name)
    kept = asked_for[:MOST_ITEMS]
    runs = [
        list(run)
        for _, run in groupby(enumerate(kept), lambda pair: group.index(pair[1]) - pair[0])
    ]
    parts: list[Part] = []
    for run in runs:
        units = tuple(unit for _, unit in run)
        is_last = units[-1] is kept[-1]
        left_out = len(asked_for) - len(kept) if is_last else 0
        lead = units[0].before if not parts else None
        parts.append(
            Part(candidate.passage, candidate.source, units, lead, is_list=True, left_out=left_out)
        )
    return parts


def _narrow(question: Question, group: list[Unit], title: str) -> list[Unit]:
    """Of a table the rows that have what is asked for and others do not; a list stays whole.

    What the table's columns, headings or document are called tells no row from another.
    """
    if group[0].kind != "row":
        return group
    analyze = question.lexical.analyze
    terms = [set(analyze(" ".join(unit.cells))) & question.terms.keys() for unit in group]
    of_all = set(analyze(" ".join([*group[0].columns, *group[0].heading, title])))
    telling = {
        term
        for term in question.terms.keys() - of_all
        if 0 < sum(term in each for each in terms) < len(group)
    }
    if not telling:
        return group
    weights = [sum(question.terms[term] for term in each & telling) for each in terms]
    most = max(weights)
    return [unit for unit, weight in zip(group, weights, strict=True) if weight == most]


def _decide(question: Question, scored: Sequence[Scored]) -> list[Part]:
    """The row with the most or the least of what is asked for, where a column tells."""
    for each in scored:
        candidate = each.candidate
        group = candidate.source.group(candidate.unit)
        if candidate.unit.kind != "row" or len(group) < 2:
            continue
        column = _choose_column(question, group)
        if column is None:
            continue
        if named := _find_named(question, group):
            return [Part(candidate.passage, candidate.source, (named,), named.before)]
        values = [(value, unit) for unit in group if (value := _value(unit, column)) is not None]
        pick = max if question.asked.most else min
        _, unit = pick(values, key=lambda pair: pair[0])
        return [Part(candidate.passage, candidate.source, (unit,), unit.before)]
    return []


def _find_named(question: Question, group: Sequence[Unit]) -> Unit | None:
    """The one row whose first cell the question names."""
    analyze = question.lexical.analyze
    asked = set(analyze(question.asked.text))
    named = [unit for unit in group if (label := set(analyze(unit.cells[0]))) and label <= asked]
    return named[0] if len(named) == 1 else None


def _choose_column(question: Question, group: Sequence[Unit]) -> int | None:
    """The column of numbers that the question names, or means; none if that is not clear."""
    columns = group[0].columns
    if any(unit.columns != columns or len(unit.cells) != len(columns) for unit in group):
        return None
    numeric = [
        at
        for at in range(1, len(columns))
        if sum(_value(unit, at) is not None for unit in group) * 2 > len(group)
    ]
    if len(numeric) == 1:
        return numeric[0]
    text = question.asked.text
    meant = [name for word, name in MEASURES if word.search(text)]
    weights = {at: _weigh_column(question, group, at, meant) for at in numeric}
    best = max(weights.values(), default=0.0)
    fit = [at for at, weight in weights.items() if weight == best]
    return fit[0] if best > 0 and len(fit) == 1 else None


def _weigh_column(
    question: Question, group: Sequence[Unit], column: int, meant: Sequence[re.Pattern[str]]
) -> float:
    """How well a question names a column, or the measure that its name or its cells are of."""
    name = group[0].columns[column]
    terms = set(question.lexical.analyze(name))
    said = " ".join([name, *(unit.cells[column] for unit in group)])
    measured = sum(any_of.search(said) is not None for any_of in meant)
    return sum(question.terms.get(term, 0.0) for term in terms) + measured


def _value(unit: Unit, column: int) -> float | None:
    found = LEADS_WITH_NUMBER.match(unit.cells[column]) if column < len(unit.cells) else None
    if not found:
        return None
    try:
        return float(found[1].rstrip(".,").replace(",", ""))
    except ValueError:
        return None
