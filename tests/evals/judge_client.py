"""A judge asked over real HTTP, as the judged tier asks it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.claims.labelled import LabelledClaim
from evals.judging.cache import JudgeCache
from evals.judging.judge import Judge, JudgeLimits
from evals.judging.judged import Judged, JudgedTier, JudgePlan
from evals.observing import Missing
from evals.reports.record import JudgeRecord, Value
from evals.samples.sample import Sample
from rag.adapters.memory.release import HashingEmbedder
from rag.domain import Answer
from tests.evals.cases import make_answer, make_observation, make_sample
from tests.evals.judge_server import JudgeServer, Reply

SAMPLE = make_sample("Second is here. Fourth is here.")
ANSWER = make_answer("It is 26 weeks.", contexts=["First", "Second is here", "Third"])
FAST = JudgeLimits(concurrency=4, budget_s=5.0, first_wait_s=0.01)
Fault = Callable[[int, str, str], Reply | None]
CALLS = 2 + 3 + 3 + 1 + 4 + 9  # of a sample with three passages, metric by metric


def open_judge(
    server: JudgeServer | str,
    *,
    cache: Path | None = None,
    limits: JudgeLimits = FAST,
    model: str = "judge-1",
) -> Judge:
    """A judge at that server."""
    base_url = server if isinstance(server, str) else server.base_url
    return Judge(model, base_url=base_url, api_key="", cache=JudgeCache(cache), limits=limits)


def judge(
    client: JudgeServer | Judge,
    *,
    repeats: int = 1,
    samples: int = 1,
    sample: Sample = SAMPLE,
    answer: Answer | Missing = ANSWER,
    claims: Sequence[LabelledClaim] = (),
) -> tuple[list[dict[str, Judged]], JudgeRecord]:
    """Judge as many samples as asked, each a little different."""
    client = client if isinstance(client, Judge) else open_judge(client)
    tier = JudgedTier(client, HashingEmbedder(), plan=JudgePlan(repeats, claims))
    asked, seen = [sample], [make_observation(answer=answer)]
    for number in range(1, samples):
        asked.append(replace(sample, reference=f"{sample.reference} So {number}."))
        other = make_answer(f"It is {number} days.", contexts=[f"First {number}"])
        seen.append(make_observation(answer=other))
    work = tier.measure(asked, seen, on_judged=lambda: None)
    return asyncio.run(work), tier.record()


def values(found: list[dict[str, Judged]]) -> dict[str, Value]:
    """The values of the first sample."""
    return {name: judged.value for name, judged in found[0].items()}


def only(steps: str, reply: Callable[[str], Reply]) -> Fault:
    """A fault of one step."""
    return lambda _, step, text: reply(text) if step == steps else None


def changed(text: str, change: Callable[[Any], None]) -> Reply:
    """The true answer with a change."""
    answer = json.loads(text)
    change(answer)
    return Reply(json.dumps(answer))
