"""Judges read back as they were written."""

import math

from rag.support.verdicts import UNTAUGHT, Regression, SentenceJudge, Split, read_judges, summarize


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
