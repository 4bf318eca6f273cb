"""Whether a judge can be trusted, over real HTTP: the check before a run, and what it decides."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.__main__ import main
from evals.claims.labelled import LabelledClaim, read_claims
from evals.judging.checking import CHECK_SET, check_judge
from evals.observing import Missing
from evals.reports.judgement import JudgeCheck
from evals.statistics.agreement import Counts, corrected_mean, kappa
from tests.evals.judge_client import FAST, Fault, judge, open_judge
from tests.evals.judge_server import FALSE_CLAIMS, JudgeServer, Reply, judge_server

CLAIMS = read_claims(CHECK_SET)
TRAPS = {"number", "unit", "bound", "negation", "entity"}


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with judge_server() as running:
        yield running


@pytest.fixture(autouse=True)
def judge_settings(server: JudgeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAG_JUDGE_MODEL", "judge-1")
    monkeypatch.setenv("RAG_JUDGE_BASE_URL", server.base_url)
    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))


def check(
    server: JudgeServer, repeats: int = 1, claims: list[LabelledClaim] = CLAIMS
) -> JudgeCheck:
    async def run() -> JudgeCheck:
        client = open_judge(server, limits=FAST)
        try:
            return await check_judge(client, claims, repeats=repeats)
        finally:
            await client.close()

    return asyncio.run(run())


def saying(verdict: Callable[[str], int]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A judge that says this of each statement."""

    def infer(asked: dict[str, Any]) -> dict[str, Any]:
        said = [
            {"statement": text, "reason": "r", "verdict": verdict(text)}
            for text in asked["statements"]
        ]
        return {"statements": said}

    return infer


def test_the_set_has_for_each_trap_eight_false_claims_beside_the_true_ones() -> None:
    kinds = Counter(claim.kind for claim in CLAIMS if not claim.is_true)
    assert kinds == dict.fromkeys(TRAPS, 8)
    assert sum(claim.is_true for claim in CLAIMS) == 40
    assert len({claim.pair for claim in CLAIMS}) == 40
    assert all(claim.evidence for claim in CLAIMS)


def test_a_judge_that_is_always_right_has_the_whole_of_every_share(server: JudgeServer) -> None:
    found = check(server, repeats=3)
    assert (found.valid, found.note, found.judged) == (True, "", 80)
    for each in (found.accuracy, found.sensitivity, found.specificity, found.kappa):
        assert each is not None
        assert (each.value, each.high) == pytest.approx((1, 1))
        assert 0.8 < each.low < 1.0
    assert found.missed == dict.fromkeys(TRAPS, (0, 8))
    assert len(server.requests) == 3 * 80


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (lambda text: 1, "invalid judge: it called 40 of 40 false claims supported"),
        (lambda text: 0, "invalid judge: it denied 40 of 40 true claims"),
        (
            lambda text: int(text not in FALSE_CLAIMS or len(text) % 2),
            "invalid judge: it called 18 of 40 false claims supported",
        ),
    ],
)
def test_a_judge_that_agrees_denies_or_errs_too_often_is_invalid(
    verdict: Callable[[str], int], says: str, server: JudgeServer
) -> None:
    server.steps["NLIStatementOutput"] = saying(verdict)
    found = check(server)
    assert not found.valid
    assert found.note == says


def test_a_judge_that_misses_numbers_alone_passes_with_those_named(server: JudgeServer) -> None:
    numbers = {claim.claim for claim in CLAIMS if claim.kind == "number" and not claim.is_true}
    server.steps["NLIStatementOutput"] = saying(
        lambda text: int(text not in FALSE_CLAIMS or text in numbers)
    )
    found = check(server)
    assert found.valid
    assert found.missed is not None
    assert found.missed["number"] == (8, 8)
    assert found.specificity is not None
    assert (found.specificity.value, round(found.specificity.low, 3)) == (0.8, 0.652)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.8)  # of an even set: 2 * .9 - 1


def test_one_wrong_verdict_of_three_is_outvoted(server: JudgeServer) -> None:
    asked: Counter[str] = Counter()

    def err_once(text: str) -> int:
        asked[text] += 1
        return int((text not in FALSE_CLAIMS) ^ (asked[text] == 2))

    server.steps["NLIStatementOutput"] = saying(err_once)
    found = check(server, repeats=3)
    assert found.accuracy is not None
    assert found.accuracy.value == 1.0


@pytest.mark.parametrize(
    ("fault", "most_requests"),
    [
        (lambda n, step, text: Reply(status=401, body=b"{}"), 3 + FAST.concurrency),
        (lambda n, step, text: Reply("I cannot judge this."), (10 + FAST.concurrency) * 3),
    ],
)
def test_a_judge_that_never_answers_is_not_measured_and_soon_asked_no_more(
    fault: Fault, most_requests: int, server: JudgeServer
) -> None:
    server.fault = fault
    found = check(server)
    assert not found.valid
    assert found.note.startswith("the judge answered 0 of 80 known claims (the judge")
    assert found.kappa is None
    assert len(server.requests) <= most_requests


def test_of_a_judge_that_does_not_pass_nothing_more_is_asked(server: JudgeServer) -> None:
    server.steps["NLIStatementOutput"] = saying(lambda text: 1)
    found, record = judge(server, claims=CLAIMS)
    assert len(server.requests) == 80
    note = "invalid judge: it called 40 of 40 false claims supported"
    assert [each.value for each in found[0].values()] == [Missing(note)] * 6
    assert not record.measured


def test_the_faithfulness_of_a_run_is_freed_of_the_errors_of_its_judge(
    server: JudgeServer,
) -> None:
    _, record = judge(server, claims=CLAIMS)
    assert record.check is not None
    assert record.check.corrected is not None
    assert record.check.corrected.value == pytest.approx(2 / 3)  # the judge never errs
    assert "faithfulness, freed of the judge's errors: 0.667" in "\n".join(record.lines())


def test_kappa_and_the_correction_are_what_was_computed_by_hand() -> None:
    counts = Counts(true_accepted=36, true=40, false_rejected=32, false=40)
    # Agreed .85, accepted (36 + 8) / 80 = .55, by chance .5 * .55 + .5 * .45 = .5.
    assert kappa(counts)[0] == pytest.approx(0.7)
    found = corrected_mean(np.array([0.6, 0.8, 0.7]), counts)
    assert found is not None
    assert found[0] == pytest.approx((0.7 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert found[1] < found[0] < found[2]
    assert corrected_mean(np.array([]), counts) is None
    assert corrected_mean(np.array([0.6]), Counts(40, 40, 0, 40)) is None


def test_the_interval_of_the_correction_holds_the_truth_nearly_always() -> None:
    """120 answers of four claims, a judge with rates of .9 and .85 that 80 claims estimate."""
    generator, truth, held = np.random.default_rng(1), 0.9, 0
    for _ in range(100):
        supported = generator.random((120, 4)) < truth
        accepted = np.where(
            supported, generator.random((120, 4)) < 0.9, generator.random((120, 4)) < 0.15
        )
        counts = Counts(generator.binomial(40, 0.9), 40, generator.binomial(40, 0.85), 40)
        found = corrected_mean(accepted.mean(axis=1), counts)
        assert found is not None
        held += found[1] <= truth <= found[2]
    assert held >= 90


def test_the_command_prints_the_shares_and_the_second_time_asks_nothing(
    server: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge-check", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "judge check: 80 of 80 claims judged" in printed
    assert "Cohen's kappa: 1.000 (0." in printed
    assert len(server.requests) == 80
    assert main(["judge-check", "--repeats", "1"]) == 0
    assert len(server.requests) == 80


def test_the_command_ends_with_3_where_the_judge_is_invalid(
    server: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.steps["NLIStatementOutput"] = saying(lambda text: 1)
    assert main(["judge-check", "--repeats", "1"]) == 3
    assert capsys.readouterr().err == (
        "evals: invalid judge: it called 40 of 40 false claims supported\n"
    )


def test_a_set_that_cannot_check_a_judge_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(CLAIMS[0].model_dump_json() + "\n")
    assert main(["judge-check", "--set", str(path)]) == 4
    assert "by true claims and false ones" in capsys.readouterr().err
    path.write_text(json.dumps(CLAIMS[0].model_dump() | {"evidence": []}) + "\n")
    assert main(["judge-check", "--set", str(path)]) == 4
    assert "jc-01a has no evidence" in capsys.readouterr().err
    monkeypatch.setenv("RAG_JUDGE_MODEL", "")
    assert main(["judge-check"]) == 78


def test_a_judge_that_is_down_ends_the_command_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAG_JUDGE_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        assert main(["judge-check", "--repeats", "1"]) == 3
