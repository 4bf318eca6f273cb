"""Learning the confidence of extractive answers: from signals to the file, and back."""

import random
from pathlib import Path

import pytest

from evals.training.answer_confidence import Seen, learn, write
from rag.answering.extracting.answer_confidence import load_judge

QUESTIONS = 240


def observe(chance: random.Random, at: int) -> Seen:
    """An answer is right where `reached` is large, for sure."""
    is_right = bool(at % 2)
    signals = {"reached": chance.random() + is_right, "terms": chance.random()}
    kind = "answerable" if is_right else "close-miss"
    return Seen(signals, is_right, is_right, f"{at % 24}.md", "set", kind)


def test_what_is_learned_is_read_again_and_tells_right_answers(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    chance = random.Random(3)
    learned, told = learn([observe(chance, at) for at in range(QUESTIONS)])
    assert "AUROC answerable against close-miss 1.000" in told
    write(learned, tmp_path / "weights.json")
    judge = load_judge(tmp_path / "weights.json")
    right, wrong = (judge.judge({"reached": each, "terms": 0.5}) for each in (1.9, 0.1))
    assert wrong < 0.2 < 0.8 < right
