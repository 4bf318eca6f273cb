"""Claim sets and labelled answers as files."""

import json
from pathlib import Path

import pytest

from evals.claims.answers import read_answers, read_pairs
from evals.claims.labelled import read_claims
from evals.claims.measuring import tell_pairs
from rag.errors import InvalidRegressionSet

SETS = Path(__file__).parent.parent.parent / "evals" / "sets"
LINE = {
    "id": "c-1",
    "claim": "Dogs travel free.",
    "label": "true",
    "kind": "paraphrase",
    "corpus": "handbook",
    "evidence": [{"source": "a.md", "quote": "free of charge"}],
}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "claims.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize("name", ["claims-tuning", "claims-testing"])
def test_half_the_claims_of_a_set_are_true(name: str) -> None:
    claims = read_claims(SETS / f"{name}.jsonl")
    assert len(claims) >= 230
    assert 0.45 < sum(claim.is_true for claim in claims) / len(claims) < 0.55


def test_the_sets_share_no_document() -> None:
    tuning, testing = (
        {one.source for each in read_claims(SETS / f"claims-{part}.jsonl") for one in each.evidence}
        for part in ("tuning", "testing")
    )
    assert tuning.isdisjoint(testing)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([{**LINE, "label": "maybe"}], ":1: label"),
        ([LINE, LINE], "c-1 is there more than once"),
        ([], "is empty"),
    ],
)
def test_a_faulty_set_is_refused_with_its_line(
    tmp_path: Path, lines: list[object], fault: str
) -> None:
    with pytest.raises(InvalidRegressionSet, match=fault):
        read_claims(write(tmp_path, *lines))


def test_an_answer_gives_its_sentences_with_what_people_marked(tmp_path: Path) -> None:
    text = "Dogs travel free. Cats pay two euros."
    spans = [{"start": 18, "end": 37}]
    raw = {"question": "q", "context": "Dogs travel free.", "response": text, "spans": spans}
    (answer,) = read_answers(write(tmp_path, raw))
    assert [(claim.text, carried) for claim, carried in answer.claims()] == [
        ("Dogs travel free.", True),
        ("Cats pay two euros.", False),
    ]


def test_another_file_is_no_file_of_answers(tmp_path: Path) -> None:
    with pytest.raises(InvalidRegressionSet, match="no file of labelled answers"):
        read_answers(write(tmp_path, LINE))


def test_pairs_are_told_apart_by_their_scores(tmp_path: Path) -> None:
    names = ("knowledge", "question", "right_answer", "hallucinated_answer")
    (pair,) = read_pairs(write(tmp_path, dict.fromkeys(names, "x")))
    assert pair == ("x",) * 4
    assert tell_pairs([0.9, 0.4], [0.4, 0.1]) == "pairs: 2, AUROC 0.875"
