"""`python -m evals nightly`: alone, resumed, held against the nights before, told in one line."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from evals import commands
from evals.__main__ import main
from evals.nights.earlier import read_earlier, tell_drops
from evals.nights.unfinished import FOLDER, PLAN, only_night
from evals.reports.record import read_report
from rag.domain import Answer, AnswerDelta, Message
from rag.errors import StorageError
from rag.plumbline import Plumbline
from rag.settings import Settings
from tests.small_corpus import make_data_folder, make_plumbline

QUOTES = {
    "leave": ("leave.md", "Parental leave is 26 weeks at full pay."),
    "boats": ("boats.md", "The Heron carries 120 passengers and 18 cars."),
    "dogs": ("dogs.md", "Dogs travel free of charge on every boat."),
}
QUESTIONS = {
    "leave": "How many weeks is parental leave at full pay?",
    "boats": "How many passengers and cars does the Heron carry?",
    "dogs": "Do dogs travel free of charge on every boat?",
}


class Counted:
    """A question side that counts what it is asked, and is cut off at one of its answers."""

    def __init__(self, side: Plumbline) -> None:
        self._side = side
        self.asked: list[str] = []
        self.cut_off_at: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._side, name)

    async def answer(
        self, conversation: Sequence[Message], **options: Any
    ) -> AsyncIterator[AnswerDelta | Answer]:
        if len(self.asked) == self.cut_off_at:
            raise KeyboardInterrupt
        self.asked.append(conversation[-1].content)
        async for item in self._side.answer(conversation, **options):
            yield item


class Nights:
    """A folder of nights over the small corpus."""

    def __init__(self, root: Path) -> None:
        self.data, self.out, self.set = root / "data", root / "nights", root / "s.jsonl"
        make_data_folder(self.data, live=1)
        self.write_set()
        self.sides: list[Counted] = []
        self.cut_off_at: int | None = None

    def write_set(self, reference: str = "") -> None:
        lines = [
            {
                "id": id_,
                "question": QUESTIONS[id_],
                "reference": reference or quote,
                "answerable": True,
                "evidence": [{"source": source, "quote": quote}],
            }
            for id_, (source, quote) in QUOTES.items()
        ]
        self.set.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def open(self, settings: Settings) -> Counted:
        side = Counted(make_plumbline(self.data, min_confidence=0.3))
        side.cut_off_at = self.cut_off_at
        self.sides.append(side)
        return side

    def run(self, *options: str) -> int:
        where = ["--corpus", "small", "--data", str(self.data), "--out", str(self.out)]
        return main(["nightly", "--set", str(self.set), *where, *options])

    def reports(self) -> list[Path]:
        return sorted(p for p in self.out.glob("20*/report.json") if not p.parent.is_symlink())


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    nights = Nights(tmp_path)
    monkeypatch.setattr(commands, "open_plumbline", nights.open)
    monkeypatch.delenv("RAG_JUDGE_MODEL", raising=False)
    return nights


@contextmanager
def channel(status: int) -> Iterator[tuple[str, list[object]]]:
    """The address of a chat channel and the bodies that it got."""
    got: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_night_writes_its_report_and_one_line(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nights.run() == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("small@1, s.jsonl: pass; right 1.000; ")
    assert len(nights.reports()) == 1
    assert not (nights.out / FOLDER).exists()


def test_a_night_that_was_cut_off_asks_only_what_is_left(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.cut_off_at = 2
    assert nights.run() == 130
    assert nights.reports() == []
    with (nights.out / FOLDER / "observations.jsonl").open("a") as stream:
        stream.write('\n["dogs", {"targets": [')  # as a machine that lost its power leaves it
    nights.cut_off_at = None
    assert nights.run() == 0
    assert [len(side.asked) for side in nights.sides] == [2, 1]
    assert "2 samples are asked" in capsys.readouterr().err
    [path] = nights.reports()
    report = read_report(path)
    assert [sample.values["right"] for sample in report.samples] == [1.0, 1.0, 1.0]
    assert all(sample.values["answer_ms"] != 0.0 for sample in report.samples)


def test_a_night_of_another_set_is_not_resumed_and_nothing_of_it_is_lost(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.cut_off_at = 2
    nights.run()
    nights.write_set("26 weeks.")
    nights.cut_off_at = None
    assert nights.run() == 0
    assert len(nights.sides[1].asked) == 3
    [aside] = nights.out.glob(f"{FOLDER}-*")
    assert (aside / PLAN).exists()
    assert str(aside) in capsys.readouterr().err


def test_two_nights_at_once_are_one_clear_line(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_night(nights.out):
        assert nights.run() == 75
    [line] = capsys.readouterr().err.splitlines()
    assert "another night is under way" in line
    assert nights.run() == 0


def test_a_folder_that_no_night_can_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), only_night(tmp_path / "file"):
        pass


def test_the_channel_gets_the_line_and_its_refusal_fails_no_night(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for status in (200, 500):
        with channel(status) as (address, got):
            monkeypatch.setenv("RAG_NIGHT_WEBHOOK", address)
            assert nights.run() == 0
        printed = capsys.readouterr()
        assert got == [{"text": printed.out.rstrip("\n")}]
        assert ("it says 500" in printed.err) is (status == 500)
    assert nights.run() == 0  # nobody listens there any more
    errors = capsys.readouterr().err
    assert "the channel was not told: ConnectError" in errors
    assert "secret" not in errors


def test_what_could_not_be_measured_is_told_too(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    with channel(200) as (address, got):
        monkeypatch.setenv("RAG_NIGHT_WEBHOOK", address)
        assert nights.run("--corpus", "none") == 66
    assert "NOT MEASURED" in str(got)


def test_a_night_is_held_against_the_median_of_those_before_it(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        assert nights.run() == 0
    (nights.out / "2026-01-01-half").mkdir()
    (nights.out / "2026-01-02-half").mkdir()
    (nights.out / "2026-01-02-half" / "report.json").write_text('{"schema": 3, "run_id"')
    texts = {"leave.md": "Parental leave is 26 weeks at full pay.", "dogs.md": "Cats sleep."}
    capsys.readouterr()
    worse = partial(make_plumbline, nights.data, min_confidence=0.3, texts=texts)
    monkeypatch.setattr(commands, "open_plumbline", lambda settings: worse())
    assert nights.run() == 2
    printed = capsys.readouterr()
    assert "BROKEN; right 0.333 (median of 3 nights 1.000)" in printed.out
    assert printed.err.count("holds no report that can be read") == 2
    latest = read_report(nights.out / "latest" / "report.json")
    assert "right is 0.333, the median of the last 3 nights 1.000" in latest.verdict.notes


def test_two_nights_are_too_few_for_a_median(nights: Nights) -> None:
    for _ in range(2):
        nights.run()
    report = read_report(nights.reports()[0])
    earlier = read_earlier(nights.out, report)
    assert len(earlier.nights) == 2
    assert earlier.median("right") is None
    assert list(tell_drops(report, earlier, {"right": 0.03})) == []
