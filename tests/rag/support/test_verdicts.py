"""Judges read back as they were written."""

import math

from rag.ports import Judgement
from rag.support.verdicts import (
    UNTAUGHT,
    Regression,
    SentenceJudge,
    Split,
    read_judges,
    score_text,
    summarize,
)


def test_a_tree_is_walked_by_the_signals() -> None:
    tree = Split.parse(["similar", 0.5, -2.0, ["differing", 0.0, 2.0, -1.0]])
    judge = SentenceJudge(0.0, (tree,))
    assert judge.judge({"similar": 0.4, "differing": 0.0}) < 0.5
    assert judge.judge({"similar": 0.6, "differing": 0.0}) > 0.8
    assert judge.judge({"similar": 0.6, "differing": 1.0}) < 0.5


def test_a_regression_is_over_standardised_signals() -> None:
    judge = Regression(0.0, {"a": (1.0, 2.0, 3.0)})
    assert judge.judge({"a": 3.0}) == 1 / (1 + math.exp(-3.0))


def test_an_answer_is_summed_up_by_the_extremes_of_its_sentences() -> None:
    found = summarize([{"a": 1.0, "words": 4.0}, {"a": 3.0, "words": 5.0}])
    assert found["words of the answer"] == math.log(9)
    assert (found["lowest a"], found["highest a"], found["mean a"]) == (1.0, 3.0, 2.0)


def test_a_judge_that_learned_nothing_says_one_half() -> None:
    assert UNTAUGHT.sentence.judge({}) == UNTAUGHT.answer.judge({}) == 0.5


def test_the_judges_of_the_product_can_be_read() -> None:
    assert read_judges().sentence.trees


def test_a_text_of_several_sentences_is_scored_as_a_whole() -> None:
    judge = Regression(0.0, {"mean faults": (0.0, 1.0, -2.0)})
    said = [
        Judgement("supported", 0.9, signals={"faults": faults, "words": 5.0})
        for faults in (0.0, 2.0)
    ]
    assert score_text(said, judge) == 1 / (1 + math.exp(2.0))


def test_one_sentence_has_its_own_score_as_has_a_text_that_another_checker_judged() -> None:
    own = Judgement("supported", 0.8, signals={"faults": 3.0, "words": 5.0})
    others = [Judgement("supported", 1.0), Judgement("differs", 0.2)]
    assert (score_text([own]), score_text(others), score_text([])) == (0.8, 0.2, 0.0)


def test_a_sentence_without_evidence_lowers_the_score_of_a_text() -> None:
    judge = Regression(5.0, {})
    told = Judgement("supported", 0.9, signals={"faults": 0.0, "words": 5.0})
    assert score_text([told, Judgement("unsupported", 0.0)], judge) == 0.0


def test_a_sentence_that_surely_differs_lowers_the_score_of_a_text() -> None:
    judge = Regression(5.0, {})
    signals = {"faults": 0.0, "words": 5.0}
    carried = Judgement("supported", 0.9, signals=signals)
    surely, perhaps = (Judgement("differs", score, signals=signals) for score in (0.07, 0.3))
    assert score_text([carried, surely], judge) == 0.07
    assert score_text([carried, perhaps], judge) > 0.9
