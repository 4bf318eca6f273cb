"""Statements: what of a text can be checked, and which marks it has, however it is written."""

import random

import pytest

from rag.answering.checking.brackets import Labels
from rag.answering.checking.statements import Statement, StatementReader, read_statements

LABELS = Labels(3, {"fn-07": 2})
Told = tuple[str, str, list[int]]


def tell(text: str) -> list[Told]:
    """Kind, words and cited numbers of each piece, counted from 1."""
    return [
        (each.kind, each.text, [index + 1 for mark in each.marks for index in mark.evidence])
        for each in read_statements(text, LABELS)
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("It is 26 [1]. It was 25 [2].", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("It is 26. [1] It was 25. [2]", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("It is 26.[1] It was 25.[2]", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("It is 26.\n[1]\nIt was 25.\n[2]", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("It is 26.\n[1] It was 25.\n[2]", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("It is 26.\n\n[1]\n\nIt was 25.", [("It is 26.", [1]), ("It was 25.", [])]),
        ("[1] It is 26. [2] It was 25.", [("It is 26.", [1]), ("It was 25.", [2])]),
        ("- [1] It is 26\n- It was 25 [2]", [("It is 26", [1]), ("It was 25", [2])]),
        ("- It is 26\n  [1]\n- It was 25 [2]", [("It is 26", [1]), ("It was 25", [2])]),
        ("1. It is 26 [1].\n2. It was 25.", [("It is 26.", [1]), ("It was 25.", [])]),
        ("It is 26 [1][2], not 25 [3].", [("It is 26, not 25.", [1, 2, 3])]),
        ("It is 26 [1, 2; 3]. Yes. [1-3]", [("It is 26.", [1, 2, 3]), ("Yes.", [1, 2, 3])]),
        ("It is 26【1】. No. [^2]", [("It is 26.", [1]), ("No.", [2])]),
        ("It is 26 ([1]), says [fn-07].", [("It is 26, says.", [1, 3])]),
        ("**It is 26** [1] `x[1]` a[0] [2024] [x]", [("It is 26 x[1] a[0] [2024] [x]", [1])]),
        ("```\nx[1]\n```\n[2]", [("x[1]", [2])]),
        (
            "It is 26 [9], codes[7] [1](https://a.b).",
            [("It is 26, codes[7] [1](https://a.b).", [])],
        ),
        (
            "乗客は120人です【1】。車は18台です[2]。",
            [("乗客は120人です。", [1]), ("車は18台です。", [2])],
        ),
        ("It costs approx. 5 euros [1].", [("It costs approx. 5 euros.", [1])]),
        ("**120 passengers**", [("120 passengers", [])]),
        ("It says: 26 days are free. [1]", [("It says: 26 days are free.", [1])]),
    ],
)
def test_a_mark_belongs_to_its_sentence(text: str, told: list[tuple[str, list[int]]]) -> None:
    assert tell(text) == [("statement", said, cited) for said, cited in told]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("# Leave\n\n26 days.", ["heading", "statement"]),
        ("Leave\n=====\n26 days.", ["heading", "statement"]),
        ("**Leave**\n26 days.", ["heading", "statement"]),
        ("Details:\n- 26 days", ["lead_in", "statement"]),
        ("These 3 ships sail:\n- 26 days", ["statement", "statement"]),
        ("26 days.\n\n---\n\n[^1]: A note.\n", ["statement", "blank", "note", "blank"]),
        ("…", ["blank"]),
        ("[1]", ["blank"]),
    ],
)
def test_headings_and_lead_ins_are_no_statements(text: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in tell(text)] == kinds


def test_a_mark_in_a_table_belongs_to_its_row_which_is_read_with_its_columns() -> None:
    text = "| Ship | Crew | |\n|:-:|---|---|\n| Heron | 7 | [1] |\n| [2] Tern | 4 | |\n[3]\n"
    assert tell(text)[2:4] == [
        ("statement", "Ship: Heron; Crew: 7", [1]),
        ("statement", "Ship: Tern; Crew: 4", [2, 3]),
    ]
    assert [kind for kind, _, _ in tell(text)[:2]] == ["table_head", "table_head"]


def test_a_short_item_is_read_with_what_leads_to_it() -> None:
    text = "The Heron carries:\n\n- 120 passengers [1]\n- up to 18 cars of any length"
    assert [said for _, said, _ in tell(text)] == [
        "The Heron carries:",
        "The Heron carries: 120 passengers",
        "up to 18 cars of any length",
    ]


def test_what_names_no_evidence_is_told() -> None:
    [statement] = read_statements("It is 26 [1, 8] [9].", LABELS)
    assert [mark.unknown for mark in statement.marks] == [("8",), ("9",)]


TEXT = """# Leave at sea

Staff receive 26 days. [1] They may carry over five [2][3]. Details:

- The Heron carries 120 passengers [1]
- 18 cars
  [2]
1. First `arr[1]` of [2024] [x] [9].

[1] A leading sentence. [2] A second one here, as of 3. September.

| Ship | Crew |
|---|---|
| Heron | 7 [1] |
| [2] | Tern, 4 |
[3]

**Summary**
No. [^1]
On the next line.
[1-3] Same paragraph again, without an end
```
code [1]
```
乗客は120人です【1】。車は18台です[2]。

[^1]: A note.
"""


def read_in(pieces: list[str]) -> list[Statement]:
    reader = StatementReader(LABELS)
    read = [each for piece in pieces for each in reader.feed(piece)]
    return read + reader.finish()


def test_a_text_is_read_the_same_however_it_arrives() -> None:
    whole = read_in([TEXT])
    assert "".join(each.before + each.raw for each in whole) == TEXT
    assert read_in(list(TEXT)) == whole
    chance = random.Random(7)
    for _ in range(200):
        cuts = sorted(chance.sample(range(len(TEXT)), chance.randint(1, 60)))
        pieces = [TEXT[a:b] for a, b in zip([0, *cuts], [*cuts, len(TEXT)], strict=True)]
        assert read_in(pieces) == whole


def test_what_is_certain_is_never_taken_back() -> None:
    reader = StatementReader(LABELS)
    certain, done = "", 0
    for end in range(1, len(TEXT) + 1):
        done += sum(len(each.before + each.raw) for each in reader.feed(TEXT[end - 1 : end]))
        certain = reader.certain
        assert TEXT[done:].startswith(certain)
        assert "[" not in certain


def test_a_flood_without_a_stop_is_read_in_time() -> None:
    reader = StatementReader(LABELS)
    for _ in range(16_000):
        assert reader.feed("the ") == []
    assert len(reader.finish()) > 0
