"""Sentences: exact spans, and no word lost."""

import time
from itertools import pairwise

import pytest

from rag.text.sentences import split_sentences
from tests.small_corpus import sentences_of

NASTY = [
    "",
    "   \n\t ",
    "One. Two! Three? Four",
    "Dr. Lind paid 3.50 to J. Moe, i.e. the cook. Then she left.",
    "# Title\nUnder it. More.\n\n- first item\n- second item.\n  on\n\n| a | b |\n|--|--|\n| 1 x |",
    "渡船は九時に出ます。犬は無料です！はい？",
    "no stop at all" * 50,
    "\x00\u200b. A. \r\n B.",
    "“Quoted one.” Then two. (Three.) [4] Five.",
]


@pytest.mark.parametrize("text", NASTY)
def test_spans_are_ordered_trimmed_and_hold_every_word(text: str) -> None:
    spans = split_sentences(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    parts = [text[span.start : span.end] for span in spans]
    assert all(part == part.strip() and part for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_abbreviations_initials_and_decimals_do_not_end_a_sentence() -> None:
    text = "Dr. Lind paid 3.50 to J. Moe, i.e. the cook. Then she left."
    assert sentences_of(text) == [
        "Dr. Lind paid 3.50 to J. Moe, i.e. the cook.",
        "Then she left.",
    ]


def test_a_wrapped_line_goes_on_and_a_table_row_does_not() -> None:
    text = "The ferry leaves\nat nine.\n| Route | Fare |\n| North | 14 |\nAfter the table."
    assert sentences_of(text) == [
        "The ferry leaves\nat nine.",
        "| Route | Fare |",
        "| North | 14 |",
        "After the table.",
    ]


def test_list_items_and_headings_stand_alone() -> None:
    text = "## Leave\nAsk first:\n- your chief\n- the office\n1. Then go"
    assert sentences_of(text) == [
        "## Leave",
        "Ask first:",
        "- your chief",
        "- the office",
        "1. Then go",
    ]


@pytest.mark.parametrize(
    "sentences",
    [
        ["渡船は九時に出ます。", "犬は無料です！？", "「はい。」", "iPhoneも使えます。"],
        ["狗免费乘船!", "雨伞呢?", "保存六十天。"],
        ["密码要3\uff0e5位以上\uff0e", "不能重复\uff0e"],
        ["कुत्ते मुफ़्त हैं।", "छतरी साठ दिन रखी जाती है।"],
        ["متى تغادر العبارة؟", "في التاسعة."],
    ],
)
def test_sentences_end_where_their_script_ends_them(sentences: list[str]) -> None:
    assert sentences_of("".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Am 3. Oktober fahren z.B. die Busse ggf. später.", "Danach nicht."],
        ["Mme. Roy part le 4 mai.", "Elle revient, cf. p. 12."],
        ["Контора на ул. Портовой, см. стр. 4.", "Вход справа."],
    ],
)
def test_abbreviations_of_other_languages_do_not_end_a_sentence(sentences: list[str]) -> None:
    assert sentences_of(" ".join(sentences)) == sentences


def test_a_long_sentence_without_spaces_is_cut_between_clauses() -> None:
    clause = "港口冬季关闭期间所有渡船改由北码头出发，"
    found = sentences_of(clause * 40)
    assert all(clause.endswith(part[-1]) and len(part) <= 200 for part in found)
    assert "".join(found) == clause * 40
    thai = "สุนัขขึ้นเรือได้ฟรีทุกลำ " * 40
    assert max(map(len, sentences_of(thai))) <= 200
    assert len(sentences_of("word " * 200)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "a" * 400_000,
        ". " * 100_000,
        "\n" * 200_000,
        "| " * 100_000,
        "犬" * 400_000,
        "犬、" * 100_000,
    ],
)
def test_long_input_takes_linear_time(text: str) -> None:
    started = time.process_time()
    split_sentences(text)
    split_sentences(text)
    assert time.process_time() - started < 10  # quadratic would take minutes
