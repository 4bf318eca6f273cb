"""`python -m evals lint`: each fault of a set is found, a good set has none."""

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evals import set_commands
from evals.__main__ import HANDBOOK, main
from evals.curation.key_facts import find_unheld
from evals.curation.similarity import Wording, near_pairs
from evals.samples.reading import read_set
from tests.evals.test_command import open_small
from tests.small_corpus import make_data_folder

PAY = "Parental leave is 26 weeks at full pay."
ASKED = (
    "How long is parental leave?",
    "For which time is full pay given to a parent?",
    "Weeks off with a newborn child, please",
    "What does the company pay young families?",
    "Is there time off for mothers?",
)
OFF_TOPIC = ("banana bread", "moon landing", "chess rules", "tax in Peru", "jazz history")
MISSED = ("parking", "lunch menu", "uniform size", "locker key", "pension fund")


def answerable(id_: str, question: str, **changed: Any) -> dict[str, Any]:
    """A sample about parental leave."""
    line = {"id": id_, "question": question, "reference": "26 weeks.", "answerable": True}
    return line | {"evidence": [{"source": "leave.md", "quote": PAY}], **changed}


def unanswerable(id_: str, question: str, kind: str) -> dict[str, Any]:
    """A sample that no document answers."""
    line = {"id": id_, "question": question, "reference": "Not said.", "answerable": False}
    return line | {"evidence": [], "tags": [kind]}


GOOD = [
    *(answerable(f"leave-{n}", question) for n, question in enumerate(ASKED)),
    *(unanswerable(f"off-{n}", question, "off-topic") for n, question in enumerate(OFF_TOPIC)),
    *(unanswerable(f"miss-{n}", question, "close-miss") for n, question in enumerate(MISSED)),
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    make_data_folder(folder, live=1)
    monkeypatch.setattr(set_commands, "open_plumbline", partial(open_small, folder))
    return folder


def lint(data: Path, *lines: dict[str, Any], options: tuple[str, ...] = ()) -> int:
    """The exit code of `evals lint` for a set of these lines and the good ones."""
    path = data.parent / "s.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (*lines, *GOOD)))
    return main(["lint", str(path), "--corpus", "small", "--data", str(data), *options])


def test_a_good_set_has_no_findings(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(data, options=("--strict",)) == 0
    assert capsys.readouterr().out == "15 samples, 0 errors, 0 warnings\n"


BOATS = {"source": "boats.md", "quote": "carries"}
DOGS = "Dogs travel free of charge on every boat?"


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (unanswerable("x", " ", "off-topic"), 2, "not-askable: x: "),
        (
            answerable("x", "Who?", evidence=[{"source": "pay.md", "quote": PAY}]),
            *(2, "evidence-not-found: x: evidence.0: the release holds no source 'pay.md'"),
        ),
        (
            answerable("x", "Who?", evidence=[{"source": "leave.md", "quote": "26 months"}]),
            *(2, "evidence-not-found: x: evidence.0: the quote '26 months' is not found in leave"),
        ),
        (
            answerable("x", "Which certificate?", reference="48 hours."),
            *(2, "facts-not-in-evidence: x: the evidence says nothing of the reference '48 hours"),
        ),
        (
            answerable("x", "Which parent?", reference="26 weeks, 8 of them before birth."),
            *(0, "fact-not-in-evidence: x: of the reference the evidence does not hold 8: "),
        ),
        (
            answerable("x", "Does it sail?", reference="It carries.", evidence=[BOATS]),
            *(0, "evidence-at-several-places: x: evidence.0: the quote 'carries' stands 2 times"),
        ),
        (
            answerable("x", "Hello, how long is parental leave?"),
            *(0, "near-duplicate: leave-0: 'How long is parental leave?' is nearly the question"),
        ),
        (
            unanswerable("x", DOGS, "close-miss"),
            *(0, "seems-answerable: x: dogs.md holds nearly all words of 'Dogs travel free of"),
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_sample(
    data: Path, capsys: pytest.CaptureFixture[str], line: dict[str, Any], code: int, told: str
) -> None:
    assert lint(data, line) == code
    first, last = capsys.readouterr().out.splitlines()
    place, _, rest = first.removeprefix(str(data.parent / "s.jsonl:")).partition(": ")
    assert place == ("2" if "near-duplicate" in told else "1")
    assert rest.startswith(told)
    assert last == f"16 samples, {code // 2} errors, {1 - code // 2} warnings"
    assert lint(data, line, options=("--strict",)) == 2


def test_errors_come_before_warnings_and_json_holds_the_same(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubled = answerable("x", "Hello, how long is parental leave?")
    lost = answerable("y", "Who?", evidence=[{"source": "pay.md", "quote": PAY}])
    assert lint(data, doubled, lost, options=("--json",)) == 2
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["rule"], each["line"], each["error"]) for each in found] == [
        ("evidence-not-found", 2, True),
        ("near-duplicate", 3, False),
    ]


def test_small_slices_and_tags_that_differ_by_a_letter_are_told(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagged = [answerable("x", "Who?", tags=["table", "route-1"])]
    tagged += [answerable("y", "Since when?", tags=["tables", "route-2", "close_miss"])]
    path = data.parent / "small.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in tagged))
    assert main(["lint", str(path), "--corpus", "small", "--data", str(data)]) == 0
    told = [line.removeprefix(f"{path}: ") for line in capsys.readouterr().out.splitlines()[:-1]]
    assert told == [
        "alike-tags: the tags 'close-miss' and 'close_miss' are nearly the same: write one",
        "alike-tags: the tags 'table' and 'tables' are nearly the same: write one",
        *(
            f"few-of-a-kind: {n} of 2 samples are {kind}: with fewer than 5 little can be said "
            "of them"
            for n, kind in ((2, "answerable"), (0, "off-topic"), (0, "close-miss"))
        ),
        "few-of-a-tag: tags with fewer than 5 samples: close_miss (1), route-1 (1), route-2 (1), "
        "table (1), tables (1)",
    ]


def test_an_unreadable_set_or_an_unknown_corpus_is_one_line(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["lint", str(data.parent / "gone.jsonl"), "--data", str(data), "--corpus"]
    assert main([*command, "small"]) == 4
    lint(data)
    capsys.readouterr()
    path = str(data.parent / "s.jsonl")
    assert main(["lint", path, "--data", str(data), "--corpus", "none"]) == 66
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("reference", "evidence", "facts"),
    [
        ("2,102,800 litres, 0,44 Euro", "2.102.800 Liter, 0.44 Euro", ()),
        ("Zusammen 2.000 Euro.", "2,000 euros altogether", ()),
        ("From 13:00 to 15:00.", "gilt von 13 bis 15 Uhr und ist die Ruhe", ()),
        ("Five, on the top floor.", "La lavandería está en la última planta", ()),
        ("Die Frist ist 14 Tage.", "The limit is 15 days.", ("14",)),
        ("To the office in Skarvik.", "The office in Tarn is open.", ("Skarvik",)),
    ],
)
def test_numbers_are_compared_in_one_form_and_words_within_a_language(
    reference: str, evidence: str, facts: tuple[str, ...]
) -> None:
    assert find_unheld(reference, evidence, "?").facts == facts


@pytest.mark.parametrize(
    ("one", "two", "is_near"),
    [
        ("How long is parental leave?", "how long is parental laeve", True),
        (
            "What did it cost to dock the ship in 2023?",
            "What did it cost to dock the ship in 2024?",
            False,
        ),
        ("How long is parental leave?", "How long is the sick leave of apprentices?", False),
    ],
)
def test_questions_are_near_duplicates_by_their_letters_and_all_their_numbers(
    one: str, two: str, is_near: bool
) -> None:
    assert Wording(one).is_near(Wording(two)) is is_near


def test_slightly_changed_questions_are_near_duplicates_and_those_of_the_example_set_are_not() -> (
    None
):
    asked = [each.question for each in read_set(HANDBOOK).samples if len(each.conversation) == 1]
    choice = random.Random(3)
    found = 0
    for question in asked:
        at = choice.randrange(1, len(question) - 2)
        mistyped = question[:at] + question[at + 1] + question[at] + question[at + 2 :]
        greeted = f"Could you tell me, {question}"
        found += sum(Wording(question).is_near(Wording(each)) for each in (mistyped, greeted))
    assert found >= 0.85 * 2 * len(asked)
    assert list(near_pairs(asked)) == []
