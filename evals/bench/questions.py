"""What a question costs over many chunks: in process and over HTTP, filtered, and under load."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from itertools import chain, count, cycle, islice
from pathlib import Path
from threading import Lock

import psutil

from evals.bench import Rows
from evals.bench.made import CORPUS, Writer, build
from evals.bench.recall import measure_recall
from evals.bench.watching import serving
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filters
from rag.retrieval.scope import Scope

QUESTIONS = 400
WARM_UP = 50
SHARES = (1, 14, 90)
CLIENTS = 32
LOAD_S = 15.0

Request = Callable[[str], tuple[str, dict[str, str]]]
"""The path and body of a question's request."""


def measure_questions(data: Path, chunks: int, *, load_s: float = LOAD_S) -> Rows:
    """Times of questions over so many chunks, in process and over HTTP."""
    writer = Writer()
    rows = [("built in", f"{build(data, chunks, writer):.0f} s")]
    asked = (f"{writer.text(5 + at % 10)}?" for at in count())
    rows += _in_process(data, asked)
    rows.append(("recall@10 of the vector index", f"{measure_recall(data, CORPUS)[0]:.4f}"))
    rows += _over_http(data, asked, load_s)
    return [(f"questions: {chunks:,} chunks, {name}", value) for name, value in rows]


def _in_process(data: Path, asked: Iterator[str]) -> Rows:
    from rag.bootstrap import open_plumbline
    from rag.settings import load_settings

    plumbline = open_plumbline(load_settings({}, data=data))
    try:
        _time_searches(plumbline, islice(asked, WARM_UP), Scope())
        times = _time_searches(plumbline, islice(asked, QUESTIONS), Scope())
        rows = [("hybrid in process", say(times))]
        for share in SHARES:
            scope = Scope(filters=parse_filters({"part": {"lt": share}}))
            [first] = _time_searches(plumbline, islice(asked, 1), scope)
            said = say(_time_searches(plumbline, islice(asked, QUESTIONS), scope))
            rows.append((f"filter that keeps {share} %", f"{said}, first {first * 1e3:.1f} ms"))
        return rows
    finally:
        plumbline.close()


def _time_searches(plumbline: Plumbline, questions: Iterable[str], scope: Scope) -> list[float]:
    times = []
    for question in questions:
        began = time.perf_counter()
        plumbline.search(question, corpus=CORPUS, scope=scope)
        times.append(time.perf_counter() - began)
    return times


def _over_http(data: Path, asked: Iterator[str], load_s: float) -> Rows:
    few = list(islice(asked, QUESTIONS))
    with serving(data) as (process, port):
        load_of = partial(load, port, _search)
        load_of(asked, clients=4, seconds=load_s / 6)
        alone = load_of(asked, clients=1, seconds=load_s / 3)
        crowd = load_of(asked, clients=CLIENTS, seconds=load_s)
        again = load_of(cycle(few), clients=CLIENTS, seconds=load_s)
        resident = psutil.Process(process.pid).memory_info().rss
    return [
        ("hybrid over HTTP", say(alone)),
        (f"{CLIENTS} clients, each question new", rate(crowd, load_s)),
        (f"{CLIENTS} clients, {QUESTIONS} questions again and again", rate(again, load_s)),
        ("memory of the service", f"{resident / 1e9:.2f} GB"),
    ]


def load(
    port: int, ask_for: Request, asked: Iterator[str], *, clients: int, seconds: float
) -> list[float]:
    """Times of all requests that so many clients make one after the other within `seconds`.

    They end sooner if no question is left.

    By `http.client`: httpx takes five times the processor time, on the cores that are measured.
    """
    deadline = time.perf_counter() + seconds
    taking = Lock()

    def ask(_: int) -> list[float]:
        times = []
        with closing(HTTPConnection("localhost", port)) as connection:
            while time.perf_counter() < deadline:
                with taking:
                    question = next(asked, None)
                if question is None:
                    break
                began = time.perf_counter()
                post(connection, *ask_for(question))
                times.append(time.perf_counter() - began)
        return times

    with ThreadPoolExecutor(clients) as pool:
        return list(chain.from_iterable(pool.map(ask, range(clients))))


def _search(question: str) -> tuple[str, dict[str, str]]:
    return "/v1/search", {"query": question, "corpus": CORPUS}


def post(connection: HTTPConnection, path: str, body: dict[str, str]) -> None:
    """One request over a connection that is kept open. Raises ValueError unless it is answered."""
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    reply = connection.getresponse()
    said = reply.read()
    if reply.status != 200:
        raise ValueError(f"{path} was refused: {said[:200].decode()}")


def rate(times: Sequence[float], seconds: float) -> str:
    """Requests in a second, and how long they took."""
    return f"{len(times) / seconds:.0f} requests/s, {say(times)}"


def say(times: Sequence[float]) -> str:
    """Median and 99th percentile."""
    hundredths = statistics.quantiles(times, n=100)
    return f"p50 {hundredths[49] * 1e3:.1f} ms, p99 {hundredths[98] * 1e3:.1f} ms"
