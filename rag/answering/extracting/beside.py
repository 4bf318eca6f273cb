"""What is shown beside an answer: what held before, and what another source says instead."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.answering.disagreeing.contradictions import (
    Disagreement,
    Statement,
    find_disagreements,
)
from rag.answering.disagreeing.telling import SOURCES_DISAGREE, introduce, introduce_former
from rag.answering.extracting.candidates import Candidate
from rag.answering.extracting.choosing import Part, part_of
from rag.answering.extracting.quotable import Unit, plain
from rag.domain import SearchResult
from rag.ports import LexicalIndex

MOST_COMPARED = 8  # chosen: with all sixty of them a comparison takes fifteen milliseconds


def in_force(candidates: Sequence[Candidate], search: SearchResult) -> list[Candidate]:
    """The candidates without versions that another one comes before, if any are left."""
    kept = [each for each in candidates if each.passage.document.id not in search.instead]
    return kept or list(candidates)


def tell_apart(parts: Sequence[Part]) -> list[Part]:
    """The parts, introduced by their documents where these bear one title."""
    titles = [part.source.document.title for part in parts]
    documents = {part.source.document.id for part in parts}
    is_clear = len(set(titles)) == len(documents)
    return list(parts) if is_clear else [_introduced(part) for part in parts]


def add_beside(
    parts: Sequence[Part],
    candidates: Sequence[Candidate],
    search: SearchResult,
    lexical: LexicalIndex,
) -> list[Part]:
    """The parts, each followed by what disagrees with it among them or the candidates."""
    found: list[Part] = []
    left = list(parts)
    while left:
        part = left.pop(0)
        if against := _find_against(part, left, search, lexical):
            left.remove(against)
            found += [_introduced(part, SOURCES_DISAGREE), _introduced(against)]
            continue
        others = [each for each in candidates if not _is_told(each, parts)]
        found += _with_others(part, others, search, lexical)
    return found


def _find_against(
    part: Part, others: Sequence[Part], search: SearchResult, lexical: LexicalIndex
) -> Part | None:
    """The first of other parts that another source in force says against this one."""
    single = [each for each in (part, *others) if len(each.units) == 1]
    if len(part.units) > 1:
        return None
    told = find_disagreements(list(map(_statement, single)), lexical, instead=search.instead)
    against = (each.statements for each in told if each.kind == "sources")
    return next((single[other] for first, other in against if first == 0), None)


def _is_told(candidate: Candidate, parts: Iterable[Part]) -> bool:
    return any(
        candidate.unit in part.units and candidate.source.document is part.source.document
        for part in parts
    )


def _with_others(
    part: Part, others: Sequence[Candidate], search: SearchResult, lexical: LexicalIndex
) -> list[Part]:
    if len(part.units) > 1:
        return [part]
    others = _most_alike(part, others, lexical)
    statements = [_statement(part), *(_statement(part_of(each)) for each in others)]
    told = find_disagreements(statements, lexical, instead=search.instead)
    with_this = [each for each in told if 0 in each.statements]
    former = [each for each in with_this if each.kind == "versions"]
    sources = [each for each in with_this if each.kind == "sources"]
    if sources:
        other = _other(sources[0], others)
        return [_introduced(part, SOURCES_DISAGREE), _introduced(other)]
    if former:
        other = _other(former[0], others)
        document = part.passage.document
        beside = other.passage.document
        is_former = beside.superseded_by is not None
        intro = introduce_former(beside, document) if is_former else f"Now {introduce(beside)}"
        return [_introduced(part), replace(other, intro=intro)]
    return [part]


def _most_alike(part: Part, others: Sequence[Candidate], lexical: LexicalIndex) -> list[Candidate]:
    """The few of other documents that have most of the part's words; all would take too long."""
    others = [each for each in others if each.source.document.id != part.passage.document.id]
    words = _words(part.units[0], part.source.document.title, lexical)
    shared = [
        len(words & _words(each.unit, each.source.document.title, lexical)) for each in others
    ]
    order = sorted(range(len(others)), key=lambda at: -shared[at])
    return [others[at] for at in order[:MOST_COMPARED] if shared[at]]


def _words(unit: Unit, title: str, lexical: LexicalIndex) -> set[str]:
    said = " ".join([unit.text, *unit.columns, *unit.heading, title])
    return set(lexical.analyze(said))


def _introduced(part: Part, note: str = "") -> Part:
    return replace(part, intro=introduce(part.passage.document), note=note)


def _other(disagreement: Disagreement, others: Sequence[Candidate]) -> Part:
    return part_of(others[max(disagreement.statements) - 1])


def _statement(part: Part) -> Statement:
    unit = part.units[0]
    columns = unit.columns if unit.cells[1:] else ()
    cells = unit.cells if unit.cells[1:] else ()
    return Statement(plain(unit.text), part.passage.document, unit.heading, columns, cells)
