"""Words of a question that a release lacks, by the real index and by words that are counted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.indexes.counted_words import ChunkWords
from rag.adapters.indexes.lexicons import load_lexicon
from rag.adapters.indexes.tantivy import TantivyIndex, TantivyIndexBuilder
from rag.ports import LexicalEntry, LexicalIndex, Subset

TEXTS = {
    "password": "Whoever forgets the password asks for a reset at the desk.",
    "leave": "The annual allowance of holidays grows with every employee's service.",
    "ferry": "The winter timetable of the ferry lists every departure and the fares.",
    "secret": "The quillfeather project is known to the board alone.",
}
Open = Callable[[Path, dict[str, str]], LexicalIndex]


def open_index(folder: Path, texts: dict[str, str], language: str = "english") -> TantivyIndex:
    entries = [LexicalEntry(name, name, text, "") for name, text in texts.items()]
    TantivyIndexBuilder().write(folder / "lexical", iter(entries), language)
    words = [ChunkWords(row, name, name, text) for row, (name, text) in enumerate(texts.items())]
    return TantivyIndex(folder / "lexical", language, lambda: words)


def open_part(folder: Path, texts: dict[str, str]) -> LexicalIndex:
    """All of the texts as a part of a release that holds one more."""
    index = open_index(
        folder, texts | {"hidden": "The passwird heirloom of annuall quillfeathers."}
    )
    return index.part(Subset(frozenset(texts), np.arange(len(texts))))


@pytest.fixture(params=[open_index, open_part])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> LexicalIndex:
    made: Open = request.param
    return made(tmp_path, TEXTS)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("passwrd", "password"),
        ("pasword", "password"),
        ("passwrod", "password"),
        ("passqord", "password"),
        ("pasworrd", "password"),
        ("annaul", "leave"),
        ("holidyas", "leave"),
        ("emplyees", "leave"),
        ("passwordreset", "password"),
        ("winterferry", "ferry"),
        ("theferry", "ferry"),
        ("time tables", "ferry"),
        ("time-table", "ferry"),
        ("departement", "ferry"),
    ],
)
def test_a_word_that_no_text_has_finds_what_has_its_nearest(
    opened: LexicalIndex, question: str, found: str
) -> None:
    for search in (opened.search, opened.search_context):
        assert [id_ for id_, _ in search(f"What of the {question}?", 5)] == [found]


@pytest.mark.parametrize(
    "question",
    [
        "frry7",
        "a1b2c3d4",
        "fer",
        "zzzzzzzz",
        "heirloom",
        "犬猫犬猫",
        "resent",
        "farms",
        "",
        "passwor" + "d" * 40,
        "🚢🚢🚢🚢",
        "пароль",
        "pässwörtlich犬",
        "word " * 2000 + "zzzzzzzz " * 2000,
    ],
)
def test_what_is_near_to_nothing_stays_unknown(opened: LexicalIndex, question: str) -> None:
    assert opened.readings(question) == {}
    assert opened.search(question, 5) == []


def test_a_known_question_is_read_as_it_is(opened: LexicalIndex) -> None:
    assert opened.readings("the password of an employee's ferry") == {}


def test_a_word_that_is_read_as_another_counts_less_than_that(opened: LexicalIndex) -> None:
    [(_, right)], [(_, wrong)] = opened.search("password", 5), opened.search("passwrd", 5)
    assert 0 < wrong < right
    right, wrong = (
        opened.term_weights("password")["password"],
        opened.term_weights("passwrd")["password"],
    )
    assert 0 < wrong < right
    assert opened.term_weights("password passwrd") == {"password": right}
    assert opened.search("password passwrd", 5) == opened.search("password", 5)


def test_a_right_word_that_is_read_as_another_form_is_still_missed_by_half(
    opened: LexicalIndex,
) -> None:
    departing, departure = (opened.term_weights(word) for word in ("departing", "departure"))
    [unknown] = opened.term_weights("zzzzzzzz").values()
    assert departing == pytest.approx(
        {"depart": unknown / 2, "departur": departure["departur"] / 2}
    )


def test_most_words_of_another_language_are_not_taken_for_errors(opened: LexicalIndex) -> None:
    assert opened.readings("leive ferri annuol servise") == {}
    assert opened.readings("the annual servise of the ferri") != {}


def test_the_words_of_each_language_that_has_a_list_are_right() -> None:
    assert "kündigung" in load_lexicon("german")
    assert "password" in load_lexicon("english")
    assert load_lexicon("tamil") == frozenset()


def test_no_word_is_read_as_one_of_a_hidden_text(tmp_path: Path) -> None:
    index = open_index(tmp_path, TEXTS)
    part = index.part(Subset(frozenset(set(TEXTS) - {"secret"}), np.array([0, 1, 2])))
    assert set(index.readings("quilfeather")) == {"quilfeath"}
    assert part.readings("quilfeather quillfeather projct") == {}


def test_no_word_is_read_as_one_of_a_removed_text(tmp_path: Path) -> None:
    open_index(tmp_path, TEXTS)
    TantivyIndexBuilder().change(
        tmp_path / "next",
        tmp_path / "lexical",
        removed=["secret"],
        added=iter(()),
        language="english",
    )
    assert TantivyIndex(tmp_path / "next", "english").readings("quilfeather projct") == {}


def test_compounds_are_read_as_their_parts(tmp_path: Path) -> None:
    texts = {
        "frist": "Die Frist für eine Kündigung beträgt drei Monate.",
        "geld": "Das Geld kommt.",
    }
    index = open_index(tmp_path, texts, "german")
    assert [id_ for id_, _ in index.search("Wie lang ist die Kündigungsfrist?", 5)] == ["frist"]


def test_swapped_letters_come_before_a_more_frequent_word(tmp_path: Path) -> None:
    texts = {"a": "The hotel is open.", "b": "A hot day.", "c": "A hot meal.", "d": "A hole."}
    assert open_index(tmp_path, texts).readings("hotle") == {"hotl": ("hotel",)}
