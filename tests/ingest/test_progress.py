"""Progress: bars on a terminal, lines in a log, nothing for programs."""

import json
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ingest.terminal.progress import shown_progress


def test_a_log_gets_a_line_every_few_seconds_and_at_the_end_of_a_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("ingest.terminal.progress.time.monotonic", lambda: now)
    with shown_progress(as_json=False) as advance:
        advance("embedding", 0, 1000)
        now = 101.0
        advance("embedding", 100, 1000)
        now = 110.0
        advance("embedding", 500, 1000)
        now = 120.0
        advance("embedding", 1000, 1000)
        advance("publishing", 1, 1)
    assert capsys.readouterr().err.splitlines() == [
        "embedding: 500 of 1,000 chunks, 50/s, 10 s left",
        "embedding: 1,000 of 1,000 chunks, 50/s",
    ]


def test_a_rate_is_of_late_and_not_told_before_it_is_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("ingest.terminal.progress.time.monotonic", lambda: now)
    with shown_progress(as_json=False) as advance:
        advance("reading", 256, 256)
        for done in range(0, 1001, 100):
            advance("embedding", done, 5000)
            now += 10.0
        for done in range(1000, 1005):
            advance("embedding", done, 5000)
            now += 10.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading: 256 of 256 files"
    assert lines[1] == "embedding: 100 of 5,000 chunks, 10/s, 490 s left"
    assert lines[-1] == "embedding: 1,004 of 5,000 chunks, 0/s, 39,960 s left"


def test_a_program_gets_json_every_few_seconds_of_a_long_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("ingest.terminal.progress.time.monotonic", lambda: now)
    with shown_progress(as_json=True) as advance:
        advance("reading", 1, 1)
        advance("embedding", 0, 100)
        now = 110.0
        advance("embedding", 50, 100)
        now = 111.0
        advance("embedding", 51, 100)
        now = 120.0
        advance("embedding", 100, 100)
    output, errors = capsys.readouterr()
    assert output == ""
    said = {"stage": "embedding", "done": 50, "total": 100, "left_s": 10.0}
    assert list(map(json.loads, errors.splitlines())) == [said]


def pieces(reader: int) -> Iterator[str]:
    """All that was written to a terminal which is closed by now; one read gives 4 KB at most."""
    with suppress(OSError):  # the end
        while piece := os.read(reader, 100_000):
            yield piece.decode(errors="replace")


def test_a_terminal_gets_bars_with_count_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        with shown_progress(as_json=False) as advance:
            for done in range(0, 300, 50):
                advance("embedding", done, 300)
    said = "".join(pieces(reader))
    os.close(reader)
    assert "250/300" in said
    assert "chunks/s" in said
