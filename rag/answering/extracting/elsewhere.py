"""Where else the matter of an answer is spoken of: other sources, found by its own words."""

import re
from collections.abc import Iterator, Sequence

from rag.answering.extracting.candidates import Candidate, find_candidates
from rag.answering.extracting.choosing import Part
from rag.answering.extracting.quotable import plain
from rag.answering.turn import Turn
from rag.domain import Passage

MOST_FOUND = 6  # chosen: a search by words takes a millisecond, reading what it finds a few
DIGIT = re.compile(r"\d")


def find_elsewhere(parts: Sequence[Part], turn: Turn) -> list[Candidate]:
    """Units of other documents in force that share the words of a part which gives an amount."""
    read = turn.search.passages
    passages = {
        (each.document.id, each.span): each
        for part in parts
        if len(part.units) == 1 and DIGIT.search(part.units[0].text)
        for each in _find(part, turn)
        if not any(_holds(other, each) for other in read)
    }
    return find_candidates(tuple(passages.values()), turn.release.documents)


def _find(part: Part, turn: Turn) -> Iterator[Passage]:
    release, unit = turn.release, part.units[0]
    subset = release.documents.subset(turn.scope.filters) if turn.scope.filters else None
    words = " ".join([plain(unit.text), *unit.columns, *unit.heading])
    found = [id_ for id_, _ in release.lexical.search(words, MOST_FOUND, subset)]
    chunks = release.documents.chunks(found)
    for chunk, document in (chunks[id_] for id_ in found if id_ in chunks):
        if document.id != part.passage.document.id and document.superseded_by is None:
            yield Passage(document, chunk.span, chunk.text, chunk.page, chunk.heading, 0.0)


def _holds(whole: Passage, part: Passage) -> bool:
    is_same = whole.document.id == part.document.id
    return is_same and whole.span.start <= part.span.start and part.span.end <= whole.span.end
