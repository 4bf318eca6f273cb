"""Judges of every kind over real HTTP, each asked by a whole run: what the run decides."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evals.claims.labelled import read_claims
from evals.judging.checking import CHECK_SET
from evals.judging.judged import JudgedTier, JudgePlan
from evals.reports.record import Report
from evals.running import Run, evaluate
from evals.samples.sample import RegressionSet
from rag.adapters.memory.release import HashingEmbedder
from tests.evals.judge_client import FAST, Fault, changed, open_judge
from tests.evals.judge_server import JudgeServer, Reply, judge_server
from tests.evals.test_running import LEAVE
from tests.small_corpus import make_plumbline

pytestmark = pytest.mark.slow
SAMPLES = tuple(replace(LEAVE, id=f"leave-{number}") for number in range(4))
LIMITS = replace(FAST, concurrency=8, budget_s=2.0, attempts=2)
REFUSAL = Reply(status=429, headers={"retry-after": "300"}, body=b'{"error": {"message": "no"}}')


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with judge_server() as running:
        yield running


def evaluate_with(server: JudgeServer | str, folder: Path, budget_s: float = 2.0) -> Report:
    """A run of four samples, three repeats and the check, by that judge."""
    client = open_judge(server, limits=replace(LIMITS, budget_s=budget_s))
    plan = JudgePlan(3, read_claims(CHECK_SET), price=(1.0, 10.0))
    tier = JudgedTier(client, HashingEmbedder(), plan=plan)
    asked = RegressionSet("s.jsonl", "0" * 64, SAMPLES)
    return asyncio.run(evaluate(Run(asked, "small"), make_plumbline(folder), tier))


def drop_a_claim(text: str) -> Reply:
    return changed(text, lambda answer: answer.get("statements", [0]).pop())


def say(verdict: int) -> Callable[[str], Reply]:
    """A judge with one verdict for everything."""

    def reply(text: str) -> Reply:
        answer = json.loads(text)
        for each in answer.get("statements", []):
            if isinstance(each, dict):
                each["verdict"] = verdict
        return Reply(json.dumps(answer))

    return reply


def always(reply: Callable[[str], Reply]) -> Fault:
    return lambda number, step, text: reply(text)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda number, step, text: None, id="right"),
        pytest.param(always(lambda text: Reply(f"Sure!\n```json\n{text}\n```")), id="fenced"),
        pytest.param(always(lambda text: Reply(f"<think>{{a}}</think>{text}")), id="thinking"),
        pytest.param(
            lambda number, step, text: Reply("no") if number % 50 == 0 else None, id="2 % garbage"
        ),
        pytest.param(
            lambda number, step, text: Reply(status=503, body=b"{}") if number % 20 == 0 else None,
            id="5 % unavailable",
        ),
    ],
)
def test_a_judge_that_answers_lets_the_run_pass_with_the_same_values(
    fault: Fault, server: JudgeServer, tmp_path: Path
) -> None:
    server.fault = fault
    report = evaluate_with(server, tmp_path)
    assert report.verdict.reasons == ()
    assert report.verdict.exit_code == 0
    assert report.judge.measured
    assert report.judge.check is not None
    assert report.judge.check.valid
    assert {sample.values["faithfulness"] for sample in report.samples} == {2 / 3}
    assert report.aggregates["faithfulness"].missing == 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(always(drop_a_claim), "0 verdicts for 1 statements", id="drops a claim"),
        pytest.param(always(say(5)), "verdict is 5, not 0 or 1", id="verdict 5"),
        pytest.param(
            always(lambda text: Reply(text, finish_reason="length")), "'length'", id="cut by length"
        ),
        pytest.param(always(lambda text: REFUSAL), "no", id="429 with Retry-After"),
        pytest.param(always(lambda text: Reply(text, stall_s=3.0)), "no answer within", id="slow"),
        pytest.param(always(lambda text: Reply("")), "no JSON object", id="empty"),
        pytest.param(
            always(lambda text: Reply(body=b"<html>", content_type="text/html")),
            "did not send a chat completion",
            id="HTML",
        ),
        pytest.param(
            always(say(1)), "invalid judge: it called 40 of 40 false claims", id="always yes"
        ),
        pytest.param(always(say(0)), "invalid judge: it denied 40 of 40 true", id="always no"),
    ],
)
def test_a_judge_that_is_slow_broken_or_useless_ends_the_run_with_3(
    fault: Fault, says: str, server: JudgeServer, tmp_path: Path
) -> None:
    server.fault = fault
    report = evaluate_with(server, tmp_path, budget_s=0.4 if says.startswith("no answer") else 2.0)
    assert report.verdict.exit_code == 3
    assert report.verdict.unmeasured[0].startswith("the judged metrics: ")
    assert says in report.verdict.unmeasured[0]
    assert not report.judge.measured
    assert report.aggregates["faithfulness"].n == 0


def test_a_judge_that_is_down_ends_the_run_with_3(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        report = evaluate_with(f"http://127.0.0.1:{free.getsockname()[1]}/v1", tmp_path)
    assert report.verdict.exit_code == 3
    assert "APIConnectionError" in report.verdict.unmeasured[0]


def test_the_record_has_the_cost_of_the_calls(server: JudgeServer, tmp_path: Path) -> None:
    judge = evaluate_with(server, tmp_path).judge
    assert judge.calls == len(server.requests)
    # A call of the server of the tests has 100 tokens in at 1 a million, and 10 out at 10.
    assert judge.cost == pytest.approx(judge.calls * 200 / 1e6)
    assert f"cost of the judge's calls: {judge.cost:.4f}" in list(judge.lines())
