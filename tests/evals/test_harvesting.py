"""`python -m evals harvest`: feedback becomes drafts, the worst first, which no set takes yet."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evals import set_commands
from evals.__main__ import main
from evals.samples.reading import read_set
from rag.errors import InvalidRegressionSet
from tests.evals.test_command import open_small
from tests.small_corpus import TEXTS, make_data_folder

PAY = "Parental leave is 26 weeks at full pay."
HOW_LONG = "How long is parental leave at full pay?"
KEY = "sk-abcdefghijklmnopqrstuv"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    make_data_folder(folder, live=1)
    monkeypatch.setattr(set_commands, "open_plumbline", partial(open_small, folder))
    return folder


def said(question: str, **fields: Any) -> dict[str, Any]:
    """A line of feedback."""
    return {"question": question, "corpus": "small"} | fields


def harvest(data: Path, *lines: dict[str, Any], options: tuple[str, ...] = ()) -> int:
    """The exit code of `evals harvest` for these lines."""
    path = data.parent / "feedback.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = str(data.parent / "draft.jsonl")
    return main(
        ["harvest", str(path), "--corpus", "small", "--data", str(data), "--out", out, *options]
    )


def drafts(data: Path) -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in (data.parent / "draft.jsonl").read_text().splitlines()]


def test_rated_down_comes_first_then_abstentions_and_the_same_question_once(data: Path) -> None:
    lines = [
        said("May dogs enter the saloon?", rating="up"),
        said("When was the Tern built?", status="abstained"),
        said(HOW_LONG, rating="down", comment="wrong", request_id="r1", time="2026-11-01T10:00"),
        said("how long is parental leave at full pay", rating="up", time="2026-11-02T10:00"),
    ]
    assert harvest(data, *lines) == 0
    found = drafts(data)
    assert [each["question"] for each in found] == [
        "how long is parental leave at full pay",
        "When was the Tern built?",
        "May dogs enter the saloon?",
    ]
    origin = found[0]["origin"]
    assert {name: origin[name] for name in ("asked", "down", "up", "abstained")} == {
        "asked": 2,
        "down": 1,
        "up": 1,
        "abstained": 0,
    }
    assert (origin["comments"], origin["requests"]) == (["wrong"], ["r1"])
    assert origin["last"] == "2026-11-02T10:00:00"


def test_evidence_is_what_was_cited_else_what_a_search_finds_else_none(data: Path) -> None:
    lost = [{"source": "gone.md", "quote": "x"}]
    dogs = [{"source": "dogs.md", "quote": "Dogs must not enter the saloon."}]
    harvest(
        data,
        said("Where may my dog go?", citations=dogs, rating="down"),
        said(HOW_LONG, citations=lost),
        said("Who won the chess game in Mongolia?"),
    )
    cited, searched, none = drafts(data)
    ((dog,), (leave,)) = cited["evidence"], searched["evidence"]
    assert (dog["source"], dog["quote"]) == ("dogs.md", "Dogs must not enter the saloon.")
    assert TEXTS["dogs.md"][dog["start"] : dog["end"]] == dog["quote"]
    assert (leave["source"], leave["quote"]) == ("leave.md", PAY)
    assert TEXTS["leave.md"][leave["start"] : leave["end"]] == PAY
    assert [each["origin"]["evidence"] for each in drafts(data)] == [*("cited", "searched", "none")]
    assert (none["answerable"], none["tags"]) == (False, ["feedback", "close-miss"])


def test_a_draft_is_refused_until_it_is_reviewed(data: Path) -> None:
    harvest(data, said(HOW_LONG, rating="down"))
    path = data.parent / "draft.jsonl"
    with pytest.raises(InvalidRegressionSet, match=r"draft.jsonl:1: a draft that nobody has rev"):
        read_set(path)
    (line,) = drafts(data)
    del line["review"], line["origin"]
    path.write_text(json.dumps(line | {"reference": "26 weeks."}))
    (sample,) = read_set(path).samples
    assert sample.is_answerable
    assert sample.tags == ("feedback",)


def test_questions_of_a_set_and_other_corpora_are_left_out(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = data.parent / "known.jsonl"
    line = {"id": "a", "question": HOW_LONG, "reference": "26 weeks", "answerable": True}
    known.write_text(json.dumps(line | {"evidence": [{"source": "leave.md", "quote": PAY}]}))
    lines = [said(f"Hi, {HOW_LONG}"), said("Dogs?", corpus="other"), said("Tern?")]
    assert harvest(data, *lines, options=("--set", str(known))) == 0
    assert [each["question"] for each in drafts(data)] == ["Tern?"]
    assert capsys.readouterr().out.startswith(
        "3 lines of feedback, 1 of other corpora, 1 on questions that a set has: 1 drafts written "
    )


def test_secrets_are_masked_in_all_that_people_and_models_wrote(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_CHAT_API_KEY", "my-own-long-key")
    asked = f"My key {KEY} is refused, how long is parental leave?"
    harvest(data, said(asked, answer=f"{KEY} is wrong", comment="use my-own-long-key"))
    text = (data.parent / "draft.jsonl").read_text()
    assert KEY not in text
    assert "my-own-long-key" not in text
    assert text.count("[redacted]") == 3


def test_a_follow_up_stays_one(data: Path) -> None:
    turns = [("user", "Does the Heron carry cars?"), ("assistant", "18."), ("user", "The Tern?")]
    messages = [{"role": role, "content": content} for role, content in turns]
    harvest(data, {"conversation": messages, "corpus": "small", "rating": "down"})
    assert [each["conversation"] for each in drafts(data)] == [messages]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"corpus": "small"}, "feedback.jsonl:1: give either question or conversation"),
        (said("Dogs?", rating="bad"), "feedback.jsonl:1: rating: Input should be 'up' or 'down'"),
        (said("Dogs?", stars=5), "feedback.jsonl:1: stars: Extra inputs are not permitted"),
    ],
)
def test_a_bad_line_is_told_and_nothing_is_written(
    data: Path, capsys: pytest.CaptureFixture[str], line: dict[str, Any], told: str
) -> None:
    assert harvest(data, line) == 4
    assert told in capsys.readouterr().err
    assert not (data.parent / "draft.jsonl").exists()


def test_no_file_is_written_over(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data.parent / "draft.jsonl").write_text("mine")
    assert harvest(data, said("Dogs?")) == 4
    assert capsys.readouterr().err.endswith("draft.jsonl is there already: name a new file\n")
    assert (data.parent / "draft.jsonl").read_text() == "mine"
    assert [path.name for path in data.parent.glob("tmp*")] == []
