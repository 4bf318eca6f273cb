"""Where sources disagree: two in force about one matter, or a version with the one before it.

Statements are about one matter if either holds most words of the other, its title and headings
included, and neither names anything that the other does not. They disagree if they give different
amounts of one unit. Of versions it is enough that they differ. The day on which a document begins
to hold is its own affair.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from rag.answering.disagreeing.amounts import Amount, find_amounts
from rag.domain import DAYS, DocumentRef
from rag.ports import LexicalIndex

LEAST_SHARED = 0.6
"""Share of the words, by rarity, that statements of different sources have in common."""
LEAST_SHARED_BY_VERSIONS = 0.4
"""As that, of statements of versions, which are about one matter more often than not."""
MOST_ALIKE = 0.4
"""Share of the words, by rarity, of the titles of two documents about things of one kind: the data
sheets of two ships have .5 or more, pages of one site .3."""
CLAUSE = re.compile(r";\s|,?\s(?:while|whereas|während|tandis que|mientras que)\s")
NAME = re.compile(r"(?<=[^\W_][\s(])[A-ZÄÖÜÉ][^\W_]+(?:[ -]\d+)?|^[A-ZÄÖÜÉ][^\W\d_]+[ -]\d+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, or a table's row with its cells, and what it stands under."""

    text: str
    document: DocumentRef
    heading: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Statements that differ, by their places; of versions first the one that was asked for."""

    kind: Literal["versions", "sources"]
    statements: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Fact:
    """A clause or a cell: its words by rarity, the names in it, its amounts by unit."""

    statement: int
    title: Mapping[str, float]
    words: Mapping[str, float]
    around: frozenset[str]
    names: frozenset[str]
    amounts: Mapping[str, frozenset[str]]


def find_disagreements(
    statements: Sequence[Statement], lexical: LexicalIndex, *, instead: Mapping[str, str]
) -> list[Disagreement]:
    """The disagreements among statements about one question, by the places of the first of each.

    `instead` names documents by their ids with the versions that come before them, as a search
    does. A document that is superseded disagrees with its versions alone.
    """
    facts = [fact for at, each in enumerate(statements) for fact in _read(at, each, lexical)]
    likeness: dict[Disagreement, float] = {}
    for one, other in combinations(facts, 2):
        first, second = statements[one.statement].document, statements[other.statement].document
        kind = _relate(first, second, instead)
        if kind and (shared := _compare(kind, one, other)):
            is_led = instead.get(first.id) == second.id
            places = (one.statement, other.statement)
            found = Disagreement(kind, places[::-1] if is_led else places)
            likeness[found] = max(shared, likeness.get(found, 0.0))
    best = sorted(likeness, key=lambda each: (-likeness[each], each.statements))
    return sorted(_pair_versions(best), key=lambda each: each.statements)


def _pair_versions(ranked: Sequence[Disagreement]) -> Iterator[Disagreement]:
    """Of versions each statement with the one most like it; all disagreements of sources."""
    paired: set[int] = set()
    for each in ranked:
        if each.kind == "versions" and paired & {*each.statements}:
            continue
        if each.kind == "versions":
            paired |= {*each.statements}
        yield each


def _relate(
    one: DocumentRef, other: DocumentRef, instead: Mapping[str, str]
) -> Literal["versions", "sources"] | None:
    if one.id == other.id:
        return None
    if instead.get(one.id) == other.id or instead.get(other.id) == one.id:
        return "versions"
    is_old = {one.id, other.id} & instead.keys() or one.superseded_by or other.superseded_by
    return None if is_old else "sources"


def _compare(kind: Literal["versions", "sources"], one: _Fact, other: _Fact) -> float:
    """How many words two facts that disagree have in common, by rarity; 0 if they do not."""
    shared = min(_share(one, other), _share(other, one))
    if kind == "versions":
        differs = one.words != other.words or one.amounts != other.amounts
        return shared if differs and shared >= LEAST_SHARED_BY_VERSIONS else 0.0
    is_one_matter = one.names <= other.around and other.names <= one.around
    is_one_matter = is_one_matter and not _are_siblings(one.title, other.title)
    differs = shared >= LEAST_SHARED and _contradict(one.amounts, other.amounts)
    return shared if is_one_matter and differs else 0.0


def _are_siblings(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two titles say that their documents are about different things of one kind."""
    shared = sum(weight for word, weight in one.items() if word in other)
    both = sum(one.values()) + sum(other.values()) - shared
    return one.keys() != other.keys() and shared >= MOST_ALIKE * both


def _share(one: _Fact, other: _Fact) -> float:
    """Share of the words of one fact that stand in or around another, some in it itself."""
    if not one.words.keys() & other.words.keys():
        return 0.0
    found = sum(weight for word, weight in one.words.items() if word in other.around)
    return found / (sum(one.words.values()) or 1.0)


def _contradict(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    """Whether as many values of one unit are given, and none of them is the same."""
    return any(
        len(one[unit]) == len(other[unit]) and not one[unit] & other[unit]
        for unit in one.keys() & other.keys()
    )


def _read(at: int, statement: Statement, lexical: LexicalIndex) -> Iterator[_Fact]:
    document = statement.document
    title, own = lexical.term_weights(document.title), {getattr(document, day) for day in DAYS}
    above = {*title, *lexical.analyze(" ".join(statement.heading))}
    for label, text in _parts(statement):
        found = find_amounts(text)
        amounts = [each for each in found if each.value not in own]
        plain = label + _without(text, found)
        words = lexical.term_weights(plain)
        yield _Fact(
            at,
            title,
            words,
            frozenset((*above, *words)),
            frozenset(term for name in NAME.findall(plain) for term in lexical.analyze(name)),
            _by_unit(amounts, lexical),
        )


def _parts(statement: Statement) -> Iterator[tuple[str, str]]:
    """The clauses of a sentence; of a row its cells, each labelled by its column and first cell."""
    if not statement.cells:
        yield from (("", clause) for clause in CLAUSE.split(statement.text))
        return
    columns = statement.columns or ("",) * len(statement.cells)
    for column, cell in zip(columns[1:], statement.cells[1:], strict=False):
        yield f"of {_uncapitalize(statement.cells[0])} {column.lower()}: ", cell


def _uncapitalize(cell: str) -> str:
    """A cell without the capital that it begins with, unless all its words have one as names do."""
    is_name = all(not word[0].islower() for word in cell.split())
    return cell if is_name else cell[:1].lower() + cell[1:]


def _without(text: str, amounts: Sequence[Amount]) -> str:
    for each in reversed(amounts):
        text = f"{text[: each.start]} {each.unit if each.unit.isalpha() else ''} {text[each.end :]}"
    return text


def _by_unit(amounts: Sequence[Amount], lexical: LexicalIndex) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in amounts:
        unit = next(iter(lexical.analyze(each.unit)), "") if each.unit.isalpha() else each.unit
        found.setdefault(unit, set()).add(each.value)
    return {unit: frozenset(values) for unit, values in found.items()}
