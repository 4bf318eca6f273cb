"""What is shown beside an answer."""

from rag.answering.disagreeing.telling import SOURCES_DISAGREE
from rag.answering.extracting.beside import add_beside
from rag.answering.extracting.candidates import find_candidates
from rag.answering.extracting.choosing import part_of
from tests.small_corpus import make_release, make_turn, search

TEXTS = {
    "faq.md": "Check-in for vehicles closes 30 minutes before departure.",
    "parking.md": "Vehicles may park at the pier before departure.",
    "timetable.md": "Check-in for vehicles closes 20 minutes before departure.",
}


def test_parts_of_one_answer_that_disagree_stand_together_with_a_note() -> None:
    release = make_release(texts=TEXTS)
    turn = make_turn(release, search("When does the check-in for vehicles close?", release))
    candidates = find_candidates(turn.search.passages, release.documents)
    parts = sorted(map(part_of, candidates), key=lambda part: part.source.document.source)
    told = add_beside(parts, candidates, turn.search, release.lexical)
    assert [part.source.document.source for part in told] == [
        "faq.md",
        "timetable.md",
        "parking.md",
    ]
    assert [part.note for part in told] == [SOURCES_DISAGREE, "", ""]
    assert [bool(part.intro) for part in told] == [True, True, False]
