"""Words of a question beside those of a unit: what means the same counts, nothing is lost."""

from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import MINILM
from rag.answering.extracting.candidates import Candidate, find_candidates
from rag.answering.extracting.senses import NAMES, compare_words, full_text
from tests.small_corpus import make_release, make_turn, search

LEAVE = """# Rest days

Days that are left expire in March.

Ships are painted in the yard."""
TABLE = "# Fleet\n\n| Ship | Crew |\n|---|---|\n| Tern | 7 |"


def candidates(question: str, text: str) -> list[Candidate]:
    release = make_release(texts={"doc.md": text})
    turn = make_turn(release, search(question, release))
    return find_candidates(turn.search.passages, release.documents)


def split(text: str) -> frozenset[str]:
    return frozenset(text.split())


def test_a_unit_that_says_it_in_other_words_is_more_alike_than_one_that_does_not() -> None:
    question = "vacation ends"
    found = candidates(question, LEAVE)
    embedder = SentenceTransformersEmbedder(MINILM, precision="auto")
    told = compare_words(dict.fromkeys(question.split(), 1.0), [question], found, split, embedder)
    alike = {
        each.unit.text: signals["alike alone"] for each, signals in zip(found, told, strict=True)
    }
    assert alike["Days that are left expire in March."] > alike["Ships are painted in the yard."]


def test_a_question_whose_words_tell_nothing_is_like_nothing() -> None:
    found = candidates("ships", LEAVE)
    embedder = SentenceTransformersEmbedder(MINILM, precision="auto")
    told = compare_words({}, ["and what of it"], found, split, embedder)
    assert told == [dict.fromkeys(NAMES, 0.0)] * len(found)


def test_a_row_is_read_with_its_document_headings_and_columns() -> None:
    [row] = candidates("Tern", TABLE)
    assert full_text(row.source.name, row.unit).endswith("Fleet. Ship: Tern; Crew: 7")
