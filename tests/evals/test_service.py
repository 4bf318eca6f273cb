"""An evaluation of a running service measures what it measures in process."""

import asyncio
import json
import socket
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evals.__main__ import main
from evals.nights.service import Service
from evals.reports.record import Report, read_report
from evals.running import Run, evaluate
from evals.samples.reading import read_set
from rag.errors import CorpusNotFound
from tests.serving import serving_small_corpus
from tests.small_corpus import make_plumbline

QUOTES = {
    "leave.md": "Parental leave is 26 weeks at full pay.",
    "boats.md": "The Heron carries 120 passengers and 18 cars.",
    "dogs.md": "Dogs travel free of charge on every boat.",
}


@pytest.fixture
def regression_set(tmp_path: Path) -> Path:
    lines = [
        {
            "id": source,
            "question": f"Is it so: {quote}",
            "reference": quote,
            "answerable": True,
            "evidence": [{"source": source, "quote": quote}],
        }
        for source, quote in QUOTES.items()
    ]
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def shares(report: Report) -> dict[str, dict[str, object]]:
    """The values of all samples, but for times."""
    names = {name for name, metric in report.metrics.items() if metric.unit == "share"}
    return {
        sample.id: {name: value for name, value in sample.values.items() if name in names}
        for sample in report.samples
    }


def test_a_service_is_measured_as_it_is_in_process(regression_set: Path, tmp_path: Path) -> None:
    run = Run(read_set(regression_set), "small")
    plumbline = make_plumbline(tmp_path / "data")
    here = asyncio.run(evaluate(run, plumbline))
    with serving_small_corpus(tmp_path / "data") as address:
        service = Service(address, "key")
        there = asyncio.run(evaluate(run, service))
        service.close()
    assert shares(there) == shares(here)
    assert there.fingerprint == here.fingerprint
    for one, other in zip(there.samples, here.samples, strict=True):
        rounded = one.confidence  # to four digits, by the API
        assert replace(one, values={}) == replace(other, values={}, confidence=rounded, contexts=())


def test_a_night_of_a_service_needs_no_corpus_on_this_machine(
    regression_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nights"
    where = ["--corpus", "small", "--data", str(tmp_path / "none"), "--out", str(out)]
    with serving_small_corpus(tmp_path / "data") as address:
        command = ["nightly", "--set", str(regression_set), *where, "--target", address]
        assert main(command) == 0
    assert capsys.readouterr().out.startswith("small@1, s.jsonl: pass; right 1.000")
    assert len(read_report(out / "latest" / "report.json").samples) == 3


def test_a_service_that_is_away_is_not_measured(
    regression_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        out = ["--out", str(tmp_path / "out")]
        assert main(["run", "--set", str(regression_set), "--target", address, *out]) == 3
    [line] = capsys.readouterr().err.splitlines()
    assert "did not answer: ConnectError" in line


def test_a_corpus_that_a_service_does_not_have_is_not_found(
    regression_set: Path, tmp_path: Path
) -> None:
    with serving_small_corpus(tmp_path / "data") as address:
        service = Service(address)
        with pytest.raises(CorpusNotFound):
            asyncio.run(evaluate(Run(read_set(regression_set), "none"), service))
        service.close()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[]", b'{"data": [{"id": 1}]}'])
def test_an_address_that_answers_something_else_is_not_measured(
    regression_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        out = ["--out", str(tmp_path / "out")]
        code = main(["run", "--set", str(regression_set), "--target", address, *out])
        server.shutdown()
        thread.join()
    assert code == 3
    [line] = capsys.readouterr().err.splitlines()
    assert "does not answer as Plumbline does" in line
