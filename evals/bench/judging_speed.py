"""What asking a judge many things at once saves, with one that takes 50 ms over real HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from evals.bench import ROOT, Rows
from evals.judging.cache import JudgeCache
from evals.judging.judge import Judge, JudgeLimits
from evals.judging.judged import JudgedTier, JudgePlan
from evals.judging.replies import Json, read_input
from evals.observing import Observation, Observer
from evals.samples.reading import read_set
from evals.samples.sample import Sample
from rag.adapters.memory.release import HashingEmbedder
from rag.plumbline import Plumbline

JUDGE_S = 0.05
AT_ONCE = 8
SAMPLES = 12


class _Judge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """Agree with everything, after a while."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(JUDGE_S)
        body = _complete(_agree(asked["messages"][0]["content"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def measure_judging(plumbline: Plumbline, corpus: str, cache: Path) -> Rows:
    """Times of the judged tier over some samples, one call after another and several at once."""
    path = ROOT / "evals" / "sets" / "handbook.jsonl"
    samples = [each for each in read_set(path).samples if each.is_answerable][:SAMPLES]
    observer = Observer(plumbline, corpus)
    seen = [asyncio.run(observer.observe(sample)) for sample in samples]
    with _serving() as base_url:
        alone = _judge(samples, seen, base_url, JudgeLimits(concurrency=1), None)
        many = _judge(samples, seen, base_url, JudgeLimits(concurrency=AT_ONCE), cache)
        again = _judge(samples, seen, base_url, JudgeLimits(concurrency=AT_ONCE), cache)
    rows = [
        (f"{SAMPLES} samples, a judge of {JUDGE_S * 1e3:.0f} ms, one by one", alone.tell()),
        (f"{AT_ONCE} at a time", many.tell()),
        ("times as fast", f"{alone.seconds / many.seconds:.1f}"),
        ("the second night", again.tell()),
    ]
    return [(f"judging: {name}", value) for name, value in rows]


@dataclass(frozen=True, slots=True)
class _Timed:
    seconds: float
    calls: int

    def tell(self) -> str:
        return f"{self.seconds:.1f} s, {self.calls} calls"


def _judge(
    samples: Sequence[Sample],
    seen: Sequence[Observation],
    base_url: str,
    limits: JudgeLimits,
    cache: Path | None,
) -> _Timed:
    client = Judge("j", base_url=base_url, api_key="", cache=JudgeCache(cache), limits=limits)
    tier = JudgedTier(client, HashingEmbedder(), plan=JudgePlan(repeats=1))
    began = time.perf_counter()
    asyncio.run(tier.measure(samples, seen, on_judged=lambda: None))
    return _Timed(time.perf_counter() - began, tier.record().calls)


@contextmanager
def _serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Judge)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _agree(prompt: str) -> Json:
    asked = read_input(prompt)
    if '"title": "ClaimDecompositionOutput"' in prompt:
        return {"claims": [asked["response"]]}
    if '"title": "StatementGeneratorOutput"' in prompt:
        return {"statements": [asked["answer"]]}
    if '"title": "AnswerRelevanceOutput"' in prompt:
        return {"question": "What is asked?", "noncommittal": 0}
    if '"title": "ContextPrecisionOutput"' in prompt:
        return {"reason": "", "verdict": 1}
    if '"title": "ContextRecallOutput"' in prompt:
        said = {"statement": asked["answer"], "reason": "", "attributed": 1}
        return {"classifications": [said]}
    verdicts = [{"statement": text, "reason": "", "verdict": 1} for text in asked["statements"]]
    return {"statements": verdicts}


def _complete(answer: Json) -> bytes:
    message = {"role": "assistant", "content": json.dumps(answer)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "j"}
    return json.dumps(completion | {"choices": [choice]}).encode()
