"""Repeats of a judgement over real HTTP: what most of them say, and what the report keeps of it."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.judging.voting import combine
from evals.observing import Missing
from evals.reports.judgement import Judgement
from tests.evals.cases import make_answer, make_sample
from tests.evals.judge_client import FAST, changed, judge, open_judge, values
from tests.evals.judge_server import STATEMENTS, JudgeServer, Reply, judge_server

pytestmark = pytest.mark.slow
ONCE = replace(FAST, concurrency=1, attempts=1)


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with judge_server() as running:
        yield running


def break_repeats(
    server: JudgeServer, step: str, replies: dict[int, Callable[[str], Reply]]
) -> None:
    """Change what the judge says of the passages at the named times that it is asked."""
    times: Counter[str] = Counter()

    def fault(number: int, form: str, text: str) -> Reply | None:
        prompt = server.requests[number - 1]["messages"][0]["content"]
        times[prompt] += form == step
        return replies.get(times[prompt], Reply)(text) if form == step else None

    server.fault = fault


def deny(text: str) -> Reply:
    """The true answer, but for the first verdict."""

    def change(answer: Any) -> None:
        answer["statements"][0]["verdict"] = 0

    return changed(text, change)


def reorder(text: str) -> Reply:
    """The true answer, from the last statement to the first, in capitals."""

    def change(answer: Any) -> None:
        answer["statements"].reverse()
        for each in answer["statements"]:
            each["statement"] = each["statement"].upper()

    return changed(text, change)


def test_repeats_judge_the_same_statements_and_one_wrong_verdict_is_outvoted(
    server: JudgeServer,
) -> None:
    break_repeats(server, "NLIStatementOutput", {2: deny})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    faithfulness = found[0]["faithfulness"]
    assert sorted(v for v in faithfulness.repeats if isinstance(v, float)) == pytest.approx(
        [1 / 3, 2 / 3, 2 / 3]
    )
    assert faithfulness.value == pytest.approx(2 / 3)
    generated = [r for r in server.requests if '"StatementGeneratorOutput"' in str(r)]
    assert len(generated) == 3  # of faithfulness, and of both texts of noise sensitivity


def test_a_failed_repeat_of_three_leaves_the_value_that_two_agree_on(server: JudgeServer) -> None:
    break_repeats(server, "NLIStatementOutput", {2: lambda text: Reply("no")})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    assert found[0]["faithfulness"].value == pytest.approx(2 / 3)
    assert sum(isinstance(v, Missing) for v in found[0]["faithfulness"].repeats) == 1


def test_two_that_disagree_give_what_lies_between(server: JudgeServer) -> None:
    break_repeats(server, "NLIStatementOutput", {1: lambda text: Reply("no"), 2: deny})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    assert found[0]["faithfulness"].value == pytest.approx((1 / 3 + 2 / 3) / 2)


def test_one_valid_repeat_of_three_is_too_few(server: JudgeServer) -> None:
    no = Reply("no")
    break_repeats(server, "NLIStatementOutput", {1: lambda text: no, 3: lambda text: no})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    value = found[0]["faithfulness"].value
    assert isinstance(value, Missing)
    assert "no JSON object" in value.reason


def test_a_repeat_that_orders_the_statements_otherwise_votes_for_the_same_ones(
    server: JudgeServer,
) -> None:
    break_repeats(server, "NLIStatementOutput", {1: reorder, 2: deny})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    assert found[0]["faithfulness"].value == pytest.approx(2 / 3)
    assert [each.holds for each in found[0]["faithfulness"].judgements] == [True, True, False]


def test_references_taken_apart_in_different_ways_give_the_median(server: JudgeServer) -> None:
    splits = iter((["Second is here", "Fourth is here"], ["Second is here. Fourth is here"]) * 2)

    def attribute(asked: dict[str, Any]) -> dict[str, Any]:
        said = [
            {"statement": text, "reason": "r", "attributed": int(text in asked["context"])}
            for text in next(splits)
        ]
        return {"classifications": said}

    server.steps["ContextRecallOutput"] = attribute
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    assert sorted(map(str, found[0]["context_recall"].repeats)) == ["0.0", "0.5", "0.5"]
    assert found[0]["context_recall"].value == 0.5


def test_repeats_without_verdicts_give_their_median() -> None:
    assert combine((0.2, 0.9, 0.8)) == 0.8
    assert combine((0.2, Missing("x"), 0.8)) == 0.5
    assert combine((Missing("x"), 0.8)) == Missing("repeat 1: x")
    assert combine((Missing("x"), Missing("y"), 0.8)) == Missing("repeat 1: x")
    assert combine((0.4,)) == 0.4
    assert combine((Missing("x"),)) == Missing("x")


def test_the_report_keeps_statements_with_verdicts_and_reasons_of_each_repeat(
    server: JudgeServer,
) -> None:
    break_repeats(server, "NLIStatementOutput", {2: lambda text: Reply("no"), 3: deny})
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3)
    first, *others = found[0]["faithfulness"].judgements
    assert first == Judgement(
        statement="It is paid.",
        against="First\nSecond is here\nThird",
        holds=None,
        verdicts=(True, None, False),
        reasons=("r", "", "r"),
    )
    assert [each.statement for each in others] == STATEMENTS[1:]
    passages = found[0]["context_precision"].judgements
    assert [(each.statement, each.holds) for each in passages] == [
        ("First", True),
        ("Second is here", False),
        ("Third", True),
    ]
    assert found[0]["answer_relevancy"].judgements == ()


def test_a_judge_that_says_too_much_fills_no_report(server: JudgeServer) -> None:
    server.steps["StatementGeneratorOutput"] = lambda asked: {
        "statements": [f"{number} {'long ' * 500}" for number in range(80)]
    }
    found, _ = judge(open_judge(server, limits=ONCE))
    judgements = found[0]["faithfulness"].judgements
    assert len(judgements) == 60
    assert max(len(each.statement) for each in judgements) == 400


def by_text(supported: dict[str, set[str]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A judge who supports these statements, by a word of the text that they are held against."""

    def infer(asked: dict[str, Any]) -> dict[str, Any]:
        held = next(names for word, names in supported.items() if word in asked["context"])
        said = [
            {"statement": text, "reason": "r", "verdict": int(text in held)}
            for text in asked["statements"]
        ]
        return {"statements": said}

    return infer


def test_factual_correctness_and_noise_sensitivity_are_what_was_computed_by_hand(
    server: JudgeServer,
) -> None:
    parts = {"answer": ["a", "b", "c"], "reference": ["r", "s", "t", "u"]}

    def take_apart(asked: dict[str, Any]) -> list[str]:
        return parts["reference" if "reference" in str(asked) else "answer"]

    server.steps["ClaimDecompositionOutput"] = lambda asked: {"claims": take_apart(asked)}
    server.steps["StatementGeneratorOutput"] = lambda asked: {"statements": take_apart(asked)}
    server.steps["NLIStatementOutput"] = by_text(
        {"relevant": {"r", "a", "b"}, "other": {"c"}, "reference": {"a"}, "": {"s"}}
    )
    found, _ = judge(
        server,
        sample=make_sample("The reference."),
        answer=make_answer("The text.", contexts=["relevant", "other"]),
    )
    # Of three claims one is in the reference, of its four one in the answer: 1/3 and 1/4 by
    # Ragas' counts (1 of 1 + 2, 1 of 1 + 3), so F1 is 2/7.
    assert values(found)["factual_correctness"] == pytest.approx(0.29)
    # b and c are wrong by the reference; b is supported by the passage that holds r.
    assert values(found)["noise_sensitivity"] == pytest.approx(1 / 3)


def test_a_kept_answer_that_would_not_pass_today_is_asked_for_again(
    server: JudgeServer, tmp_path: Path
) -> None:
    judge(open_judge(server, cache=tmp_path / "c.db"))
    with sqlite3.connect(tmp_path / "c.db") as cache:
        cache.execute("UPDATE answers SET answer = ? WHERE answer LIKE '%Mars%'", ('{"x": 1}',))
        changed_rows = cache.execute("SELECT changes()").fetchone()[0]
    found, record = judge(open_judge(server, cache=tmp_path / "c.db"))
    assert record.calls == changed_rows > 0
    assert values(found)["faithfulness"] == pytest.approx(2 / 3)


def test_a_judge_whose_every_25th_answer_is_broken_leaves_most_values(server: JudgeServer) -> None:
    server.fault = lambda number, step, text: Reply("no") if number % 25 == 0 else None
    found, _ = judge(open_judge(server, limits=ONCE), repeats=3, samples=40)
    every = [each for row in found for each in row.values()]
    whole = [each for each in every if not any(isinstance(v, Missing) for v in each.repeats)]
    valid = [each for each in every if not isinstance(each.value, Missing)]
    assert len(every) == 240
    assert len(valid) >= 0.9 * 240 > len(whole)
