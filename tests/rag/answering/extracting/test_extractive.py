"""Extractive answers: whole lists, the row that decides, both sides, nothing else."""

from rag.adapters.memory.release import HashingEmbedder
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.turn import Draft
from tests.small_corpus import make_release, make_turn, search

FIRE = """# Fire

Whoever discovers a fire follows these steps:

- Raise the alarm with the red button.
- Close every door behind you.
- Go to the muster station.

The alarm is tested on Mondays."""
DOCKING = """# Docking plan

| Ship | Yard | Budget |
|---|---|---|
| Tern | Norhaven | 38,000 EUR |
| Heron | Aldersund | 410,000 EUR |
| Solan | Norhaven | not known |"""
PETS_1 = "# Pets on Route 1\n\nDogs travel for 1.50 per crossing.\n\nCats travel in a basket."
PETS_3 = "# Pets on Route 3\n\nDogs travel free of charge.\n\nCats are not allowed."


def answer(question: str, texts: dict[str, str]) -> Draft:
    release = make_release(texts=texts)
    found = search(question, release)
    draft = answer_extractively(make_turn(release, found), HashingEmbedder())
    for sentence in draft.sentences:
        assert draft.text[sentence.span.start : sentence.span.end] == sentence.text
    for citation in draft.citations:
        document = release.documents.document(citation.document.id)
        assert document.text[citation.span.start : citation.span.end] == citation.quote
    return draft


def test_all_steps_follow_under_their_lead_in_as_one_quote() -> None:
    draft = answer("What are the steps when someone discovers a fire?", {"fire.md": FIRE})
    assert draft.text.split("\n") == [
        "Whoever discovers a fire follows these steps: [1]",
        "- Raise the alarm with the red button. [1]",
        "- Close every door behind you. [1]",
        "- Go to the muster station. [1]",
    ]
    [citation] = draft.citations
    assert citation.quote.startswith("Whoever discovers")
    assert citation.quote.endswith("muster station.")


def test_a_superlative_is_answered_by_the_row_that_decides() -> None:
    draft = answer("Which ship has the largest budget for docking?", {"plan.md": DOCKING})
    assert draft.text == "Heron: yard: Aldersund; budget: 410,000 EUR [1]"


def test_of_a_table_the_rows_that_are_asked_for_are_listed() -> None:
    draft = answer("Which ships go to the yard Norhaven?", {"plan.md": DOCKING})
    assert "Tern" in draft.text
    assert "Solan" in draft.text
    assert "Heron" not in draft.text
    assert [c.quote[:8] for c in draft.citations] == ["| Tern |", "| Solan "]


def test_each_side_of_a_comparison_has_its_quote_with_its_name() -> None:
    texts = {"one.md": PETS_1, "three.md": PETS_3}
    draft = answer("What do dogs cost on Route 1 and on Route 3?", texts)
    assert draft.text == (
        "Pets on Route 1: Dogs travel for 1.50 per crossing. [1]\n\n"
        "Pets on Route 3: Dogs travel free of charge. [2]"
    )


def test_the_thing_that_is_asked_for_decides() -> None:
    texts = {"one.md": PETS_1, "three.md": PETS_3}
    draft = answer("What does it cost to take dogs along on Route 3?", texts)
    assert draft.citations[0].quote == "Dogs travel free of charge."


def test_a_heading_is_never_the_answer() -> None:
    text = "# Travel\n\n## 3. Mileage rate\n\nA private car is paid 0.44 per kilometre."
    draft = answer("What is the mileage rate?", {"travel.md": text})
    assert [c.quote for c in draft.citations] == ["A private car is paid 0.44 per kilometre."]


def test_a_long_list_is_cut_and_says_so() -> None:
    items = "\n".join(f"- Rope number {number} is green." for number in range(40))
    draft = answer("List all the ropes.", {"ropes.md": f"These are the ropes:\n\n{items}"})
    assert draft.text.endswith("15 more are in the source.")
    assert draft.sentences[-1].verdict == "not_checked"


def test_sources_that_disagree_are_both_given() -> None:
    texts = {
        "faq.md": "Check-in for vehicles closes 30 minutes before departure.",
        "timetable.md": "Check-in for vehicles closes 20 minutes before departure.",
    }
    draft = answer("When does the check-in for vehicles close?", texts)
    assert draft.text.startswith("The sources disagree.")
    assert draft.sentences[0].verdict == "not_checked"
    assert {c.quote.split()[-4] for c in draft.citations} == {"30", "20"}
