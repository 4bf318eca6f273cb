"""The judged tier over real HTTP: scores computed by hand, and faults that become reasons."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.judging.cache import JudgeCache
from evals.judging.judge import Judge, JudgeLimits
from evals.observing import Missing
from rag.domain import Answer
from tests.evals.cases import make_answer, make_sample
from tests.evals.judge_client import CALLS, FAST, changed, judge, only, open_judge, values
from tests.evals.judge_server import QUESTIONS, JudgeServer, Reply, judge_server

TAKEN_APART = 1 + 2 + 2  # texts that are taken apart once for all repeats
pytestmark = pytest.mark.slow

LOGIN_PAGE = Reply(body=b"<html>Log in</html>", content_type="text/html")


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with judge_server() as running:
        yield running


def test_the_scores_are_what_was_computed_by_hand(server: JudgeServer) -> None:
    questions = iter(QUESTIONS)
    server.steps["AnswerRelevanceOutput"] = lambda asked: {
        "question": next(questions),
        "noncommittal": 0,
    }
    found, record = judge(server)
    assert values(found) == pytest.approx(
        {
            "faithfulness": 2 / 3,  # three statements, two supported
            "answer_relevancy": (1 + 1 / 2 + 0) / 3,  # both, one and none of the two words
            "context_precision": (1 / 1 + 2 / 3) / 2,  # useful, not, useful
            "context_recall": 1 / 2,  # one of the reference's two sentences
            "factual_correctness": 0.67,  # of three claims each, two are supported
            "noise_sensitivity": 0.0,  # what is wrong, no passage supports
        }
    )
    assert record.calls == len(server.requests) == CALLS
    assert (record.prompt_tokens, record.completion_tokens) == (100 * CALLS, 10 * CALLS)
    assert (record.measured, record.model, record.repeats) == (True, "judge-1", 1)


def test_the_request_is_one_any_openai_compatible_server_understands(server: JudgeServer) -> None:
    judge(server)
    request = server.requests[0]
    assert request["path"] == "/v1/chat/completions"
    assert request["model"] == "judge-1"
    assert request["response_format"] == {"type": "json_object"}
    assert request["temperature"] == 0


@pytest.mark.parametrize(
    "wrap",
    [
        "```json\n{}\n```",
        "Sure!\n```\n{}\n```\nDone.",
        "<think>{{maybe}} not</think>\n{}",
        "no tag at first</think>{}",
    ],
)
def test_fences_and_thoughts_are_taken_off(wrap: str, server: JudgeServer) -> None:
    server.fault = lambda _, step, text: Reply(wrap.replace("{}", text).replace("{{", "{"))
    found, record = judge(server)
    assert values(found)["faithfulness"] == pytest.approx(2 / 3)
    assert record.calls == CALLS


def test_small_faults_of_json_are_repaired(server: JudgeServer) -> None:
    server.fault = only("NLIStatementOutput", lambda text: Reply(text[:-2] + ",]}"))
    assert values(judge(server)[0])["faithfulness"] == pytest.approx(2 / 3)


def set_verdict(answer: Any) -> None:
    answer["statements"][0]["verdict"] = 5


def leave_one_out(answer: Any) -> None:
    del answer["statements"][2]


def judge_one_twice(answer: Any) -> None:
    answer["statements"][2] = answer["statements"][0]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda text: changed(text, set_verdict), "verdict is 5, not 0 or 1"),
        (lambda text: changed(text, leave_one_out), "2 verdicts for 3 statements"),
        (lambda text: changed(text, judge_one_twice), "judged twice and another left out"),
        (lambda text: Reply('{"statements": [{"verdict": 1}]}'), "statements.0.statement: "),
        (lambda text: Reply("I cannot judge this."), "no JSON object"),
        (lambda text: Reply(text, finish_reason="length"), "finish_reason 'length'"),
        (lambda text: LOGIN_PAGE, "did not send a chat completion"),
        (lambda text: Reply(body=b'{"choices": []}'), "did not send a chat completion"),
        (lambda text: Reply(body=b'{"choices": [{'), "not valid"),
    ],
)
def test_an_answer_that_cannot_count_is_a_missing_value_with_its_reason(
    fault: Callable[[str], Reply], says: str, server: JudgeServer
) -> None:
    server.fault = only("NLIStatementOutput", fault)
    found = values(judge(server)[0])
    for name in ("faithfulness", "factual_correctness", "noise_sensitivity"):
        value = found.pop(name)
        assert isinstance(value, Missing)
        assert says in value.reason
    assert all(isinstance(value, float) for value in found.values())
    assert len(server.requests) == (1 + 3 + 3 + 1 + 1 + 2) + 3 * FAST.attempts


@pytest.mark.parametrize(
    ("step", "answer", "metric", "says"),
    [
        ("StatementGeneratorOutput", {"statements": []}, "faithfulness", "no statements"),
        (
            "AnswerRelevanceOutput",
            {"question": "", "noncommittal": 0},
            "answer_relevancy",
            "an empty question",
        ),
        (
            "AnswerRelevanceOutput",
            {"question": "q", "noncommittal": 2},
            "answer_relevancy",
            "noncommittal is 2",
        ),
        (
            "ContextPrecisionOutput",
            {"reason": "r", "verdict": -1},
            "context_precision",
            "verdict is -1",
        ),
        ("ContextRecallOutput", {"classifications": []}, "context_recall", "left out"),
        (
            "ContextRecallOutput",
            {"classifications": [{"statement": "Second is here", "reason": "r", "attributed": 1}]},
            "context_recall",
            "'Fourth is here.' was left out",
        ),
    ],
)
def test_every_step_refuses_what_would_bend_its_score(
    step: str, answer: dict[str, Any], metric: str, says: str, server: JudgeServer
) -> None:
    server.steps[step] = lambda asked: answer
    found = values(judge(server)[0])[metric]
    assert isinstance(found, Missing)
    assert says in found.reason


def test_a_passing_fault_is_tried_again(server: JudgeServer) -> None:
    server.fault = lambda n, step, text: (
        Reply(status=503, body=b"{}") if n in (1, 3) else Reply("{") if n == 5 else None
    )
    found, record = judge(server)
    assert all(isinstance(value, float) for value in values(found).values())
    assert record.calls == CALLS + 3


@pytest.mark.parametrize(
    ("status", "headers", "code", "attempts"),
    [
        (500, {}, None, 3),
        (429, {"retry-after": "-5"}, None, 3),
        (429, {"retry-after": "300"}, None, 1),
        (429, {}, "insufficient_quota", 1),
        (401, {}, None, 1),
    ],
)
def test_a_refusal_is_a_reason_and_only_a_passing_one_is_tried_again(
    status: int,
    headers: dict[str, str],
    code: str | None,
    attempts: int,
    server: JudgeServer,
) -> None:
    body = json.dumps({"error": {"message": "refused", "code": code}}).encode()
    refusal = Reply(status=status, headers=headers, body=body)
    server.fault = only("ContextRecallOutput", lambda text: refusal)
    found = values(judge(server)[0])["context_recall"]
    assert isinstance(found, Missing)
    assert "refused" in found.reason
    assert len(server.requests) == CALLS - 1 + attempts


def test_a_judge_that_hangs_ends_at_its_budget(server: JudgeServer) -> None:
    server.fault = only("ContextRecallOutput", lambda text: Reply(text, stall_s=1.0))
    found, _ = judge(open_judge(server, limits=JudgeLimits(budget_s=0.3)))
    assert values(found)["context_recall"] == Missing(
        "the judge did not answer: no answer within 0.3 s"
    )


def test_a_judge_that_is_down_is_asked_no_more_and_no_row_is_dropped() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        limits = JudgeLimits(concurrency=2, first_wait_s=0.01, down_after=3)
        found, record = judge(open_judge(base_url, limits=limits), samples=30)
    assert len(found) == 30
    every = [value for row in found for each in row.values() for value in each.repeats]
    assert len(every) == 30 * 6
    assert all(isinstance(v, Missing) and "APIConnectionError" in v.reason for v in every)
    assert record.calls <= 4 * limits.attempts


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Reply("I cannot judge this."), "no JSON object"),
        (LOGIN_PAGE, "did not send a chat completion"),
    ],
)
def test_a_judge_that_talks_nonsense_is_soon_asked_no_more_and_not_called_measured(
    fault: Reply, says: str, server: JudgeServer
) -> None:
    server.fault = lambda n, step, text: fault
    limits = replace(FAST, concurrency=1, useless_after=4)
    found, record = judge(open_judge(server, limits=limits), samples=30)
    assert len(server.requests) == 5 * 4 * limits.attempts  # of five forms, four questions each
    every = [value for row in found for each in row.values() for value in each.repeats]
    assert len(every) == 30 * 6
    assert sum(isinstance(v, Missing) and says in v.reason for v in every) == 5 * 4
    assert isinstance(every[-1], Missing)
    assert "no valid" in every[-1].reason
    assert not record.measured
    assert record.note.startswith("not measured: the judge's answer is not valid")


def test_one_form_that_fails_leaves_the_others_measured(server: JudgeServer) -> None:
    server.fault = only("ContextRecallOutput", lambda text: Reply("no"))
    limits = replace(FAST, concurrency=1, useless_after=4)
    found, record = judge(open_judge(server, limits=limits), samples=10)
    assert record.measured
    assert all(isinstance(row["faithfulness"].value, float) for row in found)
    recalls = [request for request in server.requests if "ContextRecallOutput" in str(request)]
    assert len(recalls) == 4 * limits.attempts


def test_a_valid_answer_in_between_starts_the_count_anew(server: JudgeServer) -> None:
    asked = 0

    def every_fourth(number: int, step: str, text: str) -> Reply | None:
        nonlocal asked
        asked += step == "ContextRecallOutput"
        return Reply("no") if step == "ContextRecallOutput" and asked % 4 else None

    server.fault = every_fourth
    limits = JudgeLimits(concurrency=1, attempts=1, useless_after=4)
    found, _ = judge(open_judge(server, limits=limits), samples=12)
    assert [isinstance(row["context_recall"].value, float) for row in found].count(True) == 3


def test_what_was_asked_once_is_taken_from_the_cache(server: JudgeServer, tmp_path: Path) -> None:
    first, record = judge(open_judge(server, cache=tmp_path / "c.db"), repeats=2)
    assert (record.calls, record.cached) == (2 * CALLS - TAKEN_APART, TAKEN_APART)
    again, record = judge(open_judge(server, cache=tmp_path / "c.db"), repeats=2)
    assert (record.calls, record.cached, record.prompt_tokens) == (0, 2 * CALLS, 0)
    assert again == first
    _, record = judge(open_judge(server, cache=tmp_path / "c.db"), repeats=3)
    assert record.calls == CALLS - TAKEN_APART


def test_the_cache_knows_the_server_and_the_prompt(server: JudgeServer, tmp_path: Path) -> None:
    judge(open_judge(server, cache=tmp_path / "c.db"))
    with judge_server() as other:
        assert judge(open_judge(other, cache=tmp_path / "c.db"))[1].calls == CALLS
    other_sample = make_sample("Third is here.")
    _, record = judge(open_judge(server, cache=tmp_path / "c.db"), sample=other_sample)
    assert record.calls == 3 + 1 + 2 + 2  # four metrics see the reference


def test_the_cache_knows_the_model_and_keeps_no_failure(
    server: JudgeServer, tmp_path: Path
) -> None:
    server.fault = only("ContextRecallOutput", lambda text: Reply("no"))
    judge(open_judge(server, cache=tmp_path / "c.db"))
    server.fault = lambda n, step, text: None
    found, record = judge(open_judge(server, cache=tmp_path / "c.db"))
    assert values(found)["context_recall"] == 0.5
    assert record.calls == 1
    assert judge(open_judge(server, cache=tmp_path / "c.db", model="judge-2"))[1].calls == CALLS


def test_no_more_questions_are_open_than_allowed(server: JudgeServer) -> None:
    server.fault = lambda n, step, text: Reply(text, stall_s=0.01)
    judge(open_judge(server, limits=JudgeLimits(concurrency=2)), samples=6)
    assert server.most_at_once == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Missing("no answer: broken"), "no answer: broken"),
        (make_answer("[1]"), "the answer is empty"),
        (make_answer(contexts=[" "]), "the answer has no passages"),
    ],
)
def test_what_cannot_be_judged_is_missing_without_a_call(
    answer: Answer | Missing, reason: str, server: JudgeServer
) -> None:
    found, _ = judge(server, answer=answer, repeats=2)
    assert found[0]["faithfulness"].repeats == (Missing(reason),) * 2
    assert len(found[0]) == 6
    assert server.requests == []


def test_an_abstention_has_no_faithfulness_and_an_unanswerable_question_no_reference(
    server: JudgeServer,
) -> None:
    abstained = make_answer("Not in the documents.", status="abstained")
    assert set(judge(server, answer=abstained)[0][0]) == {
        "answer_relevancy",
        "context_precision",
        "context_recall",
    }
    off_topic = make_sample(kind="off-topic", tags=("off-topic",))
    assert set(judge(server, sample=off_topic)[0][0]) == {"faithfulness"}
    assert judge(server, sample=off_topic, answer=abstained)[0] == [{}]


def test_credentials_in_the_base_url_stay_out_of_the_record() -> None:
    client = Judge(
        "m", base_url="https://me:secret@host/v1?key=x", api_key="k", cache=JudgeCache(None)
    )
    assert client.base_url == "https://host/v1"
    asyncio.run(client.close())
