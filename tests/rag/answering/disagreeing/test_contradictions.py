"""Sources that disagree are found, and such as speak of different things are left in peace."""

from dataclasses import replace

import pytest

from rag.adapters.memory.release import memory_lexical_index
from rag.answering.disagreeing.contradictions import Disagreement, Statement, find_disagreements
from rag.domain import Chunk, DocumentRef, Span


def document(id_: str, title: str = "", superseded_by: str | None = None) -> DocumentRef:
    return DocumentRef(
        id_, "v", f"{id_}.md", title or f"Title of {id_}", None, None, None, superseded_by
    )


def find(*statements: Statement, instead: dict[str, str] | None = None) -> list[Disagreement]:
    """Disagreements by words that count in what is said, and among other texts."""
    texts = [*(each.text for each in statements), *(f"note {n} on valve" for n in range(20))]
    chunks = [Chunk(f"{n}", f"d{n}", Span(0, 1), text) for n, text in enumerate(texts)]
    return find_disagreements(statements, memory_lexical_index(chunks), instead=instead or {})


def disagree(one: str, other: str, titles: tuple[str, str] = ("Opening", "Questions")) -> bool:
    first, second = document("a", titles[0]), document("b", titles[1])
    found = find(Statement(one, first), Statement(other, second))
    assert found in ([], [Disagreement("sources", (0, 1))])
    return bool(found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Check-in shuts 20 minutes before it.", "Check-in shuts 30 minutes before it."),
        ("The library closes at 18:00 on Friday.", "On Friday the library closes at 7 pm."),
        ("Applications are due by 15 May 2025.", "Applications are due by 1 June 2025."),
        ("Visitors may bring two dogs.", "Visitors may bring at most three dogs."),
        ("A locker costs €4; keys cost €9.", "A locker costs €5."),
        ("A locker costs 4 % of the fee.", "A locker costs 5 % of the fee."),
    ],
)
def test_other_amounts_about_one_matter_disagree(one: str, other: str) -> None:
    assert disagree(one, other)
    assert disagree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Check-in shuts 20 minutes before.", "Check-in shuts twelve steps before."),
        (
            "Check-in closes 20 minutes before departure.",
            "Departure check-in closes 20 minutes before.",
        ),
        ("A locker costs €4.", "A bicycle costs €5."),
        (
            "In winter the pool on Elm Street closes at 18:00.",
            "In winter the pool on Oak Lane closes at 19:00.",
        ),
        ("The fee on Route 1 is €4.", "The fee on Route 3 is €5."),
        ("A locker costs €4 a week.", "A locker is 5 metres high."),
        ("The bar is open from 9:00 to 17:00.", "The bar is open until 17:00."),
        ("Lockers are cheap.", "Lockers are dear."),
    ],
)
def test_what_agrees_or_speaks_of_something_else_does_not(one: str, other: str) -> None:
    assert not disagree(one, other)


def test_documents_about_things_of_one_kind_do_not_disagree() -> None:
    titles = ("Boat data sheet: Heron", "Boat data sheet: Tern")
    assert not disagree("The beam measures 9 metres.", "The beam measures 7 metres.", titles)
    assert disagree("The beam measures 9 metres.", "The beam measures 7 metres.", ("Heron", "List"))


def test_a_row_and_a_line_about_one_thing_disagree() -> None:
    manual, sheet = document("a", "Manual"), document("b", "Data sheet: Heron")
    columns = ("Boat", "Minimum crew", "Of whom trained")
    heron = Statement("| Heron | 7 | 3 |", manual, (), columns, ("Heron", "7", "3"))
    tern = Statement("| Tern | 6 | 2 |", manual, (), columns, ("Tern", "6", "2"))
    line = Statement("Minimum crew: 6", sheet, (), ("Item", "Value"), ("Minimum crew", "6"))
    assert find(heron, tern, line) == [Disagreement("sources", (0, 2))]


def test_one_document_does_not_disagree_with_itself() -> None:
    one = document("a")
    assert find(Statement("A locker costs €4.", one), Statement("A locker costs €5.", one)) == []


def test_versions_differ_each_statement_from_the_one_most_like_it() -> None:
    old, new = document("a", "Fees", "b"), document("b", "Fees")
    found = find(
        Statement("A locker costs €4 a week.", old),
        Statement("A basket costs €2 a week.", old),
        Statement("A basket costs €3 a week.", new),
        Statement("A locker costs €5 a week.", new),
        Statement("Keys are lent.", new),
        Statement("Keys are lent.", old),
        instead={"a": "b"},
    )
    assert found == [Disagreement("versions", (2, 1)), Disagreement("versions", (3, 0))]


def test_the_version_that_was_asked_for_is_named_first() -> None:
    old, new = document("a", "Fees", "b"), document("b", "Fees")
    statements = (Statement("A locker costs €4.", old), Statement("A locker costs €5.", new))
    assert find(*statements, instead={"b": "a"}) == [Disagreement("versions", (0, 1))]
    assert find(*statements, instead={"a": "b"}) == [Disagreement("versions", (1, 0))]


def test_a_superseded_document_disagrees_with_no_other_source() -> None:
    old, other = document("a", "Fees", "b"), document("c", "Questions")
    statements = (Statement("A locker costs €4.", old), Statement("A locker costs €5.", other))
    assert find(*statements) == []


def test_the_days_of_two_documents_do_not_disagree() -> None:
    one = replace(document("a", "Fire"), date="2024-05-01")
    other = replace(document("b", "Smoke"), date="2025-05-01")
    said = (Statement("Closed on 1 May 2024.", one), Statement("Closed on 1 May 2025.", other))
    assert find(*said) == []
    undated = [replace(each, document=replace(each.document, date=None)) for each in said]
    assert len(find(*undated)) == 1
