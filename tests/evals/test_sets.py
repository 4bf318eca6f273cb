"""The regression set's format: what it accepts, and that errors name file, line and field."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.samples.reading import read_set
from evals.samples.sample import Evidence
from rag.domain import Message, Span
from rag.errors import InvalidRegressionSet

EVIDENCE = {"source": "leave.md", "quote": "26 weeks", "start": 18, "end": 26}
GOOD: dict[str, Any] = {
    "id": "leave-1",
    "question": "How long?",
    "reference": "26 weeks.",
    "answerable": True,
    "evidence": [EVIDENCE],
    "tags": ["table"],
    "critical": False,
}
UNANSWERABLE = GOOD | {
    "id": "off-1",
    "answerable": False,
    "evidence": [],
    "tags": ["off-topic"],
}


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    """A set of these lines."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n")
    return path


def without(name: str) -> dict[str, Any]:
    """The good line without one field."""
    return {key: value for key, value in GOOD.items() if key != name}


def test_a_set_is_read_with_evidence_kind_and_tags(tmp_path: Path) -> None:
    first, second = read_set(write(tmp_path / "s.jsonl", GOOD, "", UNANSWERABLE)).samples
    assert first.conversation == (Message("user", "How long?"),)
    assert first.evidence == (Evidence("leave.md", "26 weeks", Span(18, 26)),)
    assert (first.kind, first.tags, first.critical) == ("answerable", ("table",), False)
    assert (second.kind, second.is_answerable) == ("off-topic", False)


def test_evidence_may_name_other_quotes_that_are_enough(tmp_path: Path) -> None:
    other = {"source": "directory.csv", "quote": "leave: 26"}
    line = GOOD | {"evidence": [EVIDENCE | {"alternatives": [other]}]}
    ((evidence,),) = [s.evidence for s in read_set(write(tmp_path / "s.jsonl", line)).samples]
    assert evidence.span == Span(18, 26)
    assert evidence.alternatives == (Evidence("directory.csv", "leave: 26", None),)


def test_a_follow_up_keeps_its_conversation_and_asks_the_last_question(tmp_path: Path) -> None:
    turns = [("user", "How long?"), ("assistant", "26 weeks."), ("user", "And for two?")]
    messages = [{"role": role, "content": content} for role, content in turns]
    line = without("question") | {"conversation": messages}
    (sample,) = read_set(write(tmp_path / "s.jsonl", line)).samples
    assert sample.question == "And for two?"
    assert [message.role for message in sample.conversation] == ["user", "assistant", "user"]


def test_critical_is_a_field_or_a_tag(tmp_path: Path) -> None:
    lines = [GOOD | {"critical": True}, GOOD | {"id": "b", "tags": ["critical"]}]
    assert [s.critical for s in read_set(write(tmp_path / "s.jsonl", *lines)).samples] == [True] * 2


def test_the_hash_changes_with_the_content(tmp_path: Path) -> None:
    one = read_set(write(tmp_path / "s.jsonl", GOOD)).sha256
    other = read_set(write(tmp_path / "s.jsonl", GOOD | {"reference": "27 weeks."})).sha256
    assert one != other


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": ', "not JSON"),
        ("[1]", "dictionary"),
        (GOOD | {"id": "a b"}, "id: "),
        (GOOD | {"expected": 1}, "expected: "),
        (without("reference"), "reference: Field required"),
        (without("question"), "either question or conversation"),
        (GOOD | {"conversation": [{"role": "user", "content": "x"}]}, "either question or"),
        (GOOD | {"evidence": []}, "evidence must be given"),
        (GOOD | {"evidence": [EVIDENCE | {"quote": " "}]}, "evidence.0: quote is blank"),
        (GOOD | {"evidence": [EVIDENCE | {"end": None}]}, "evidence.0: start and end"),
        (
            GOOD | {"evidence": [EVIDENCE | {"alternatives": [{"source": "a", "quote": " "}]}]},
            "evidence.0.alternatives.0: quote is blank",
        ),
        (
            GOOD | {"evidence": [EVIDENCE | {"alternatives": [EVIDENCE | {"alternatives": []}]}]},
            "evidence.0.alternatives.0.alternatives: ",
        ),
        (GOOD | {"evidence": [EVIDENCE | {"end": 18}]}, "evidence.0: end must be greater"),
        (GOOD | {"evidence": [EVIDENCE | {"start": -1}]}, "evidence.0.start: "),
        (GOOD | {"tags": ["close-miss"]}, "tags must hold"),
        (UNANSWERABLE | {"tags": []}, "tags must hold"),
        (UNANSWERABLE | {"evidence": [EVIDENCE]}, "evidence must be given"),
        (
            without("question") | {"conversation": [{"role": "assistant", "content": "x"}]},
            "must end with a message of the user",
        ),
    ],
)
def test_a_bad_line_is_named_with_its_field(
    line: dict[str, Any] | str, says: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", GOOD | {"id": "first"}, line)
    with pytest.raises(InvalidRegressionSet) as caught:
        read_set(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert says in str(caught.value)


def test_ids_are_unique_and_every_problem_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", GOOD, GOOD)
    with pytest.raises(InvalidRegressionSet, match=r"s.jsonl:1: .* used 2 times \(and 1 more\)"):
        read_set(path)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), (b"\n", "no samples"), (b"\xff", "UTF-8")]
)
def test_a_set_without_samples_is_refused(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidRegressionSet, match=says):
        read_set(path)
