"""A run of `ingest add`, or a service, in a process of its own, watched from outside."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from evals.bench import ROOT

POLL_S = 0.05
MODEL_LIBRARY = "libtorch"
READY_WITHIN_S = 300.0
SERVING = "serving"


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """What a run took and said: `summary` is the last line of `--json`, `sources` the others.

    `peak_bytes` counts the process and its children together, pages that they share once;
    `loaded_model` says whether one of them had the library mapped that models run in.
    """

    seconds: float
    summary: dict[str, Any]  # JSON, of any type
    sources: list[dict[str, Any]]
    exit_code: int
    peak_bytes: int
    loaded_model: bool


def watch_add(
    sources: list[Path], data: Path, *, corpus: str, settings: Sequence[str] = ()
) -> WatchedRun:
    """Ingest `sources` into `data` with `settings`, each `RAG_NAME=value`.

    Raises ValueError when the run ends without a summary.
    """
    command = ["env", *settings, sys.executable, "-m", "ingest", "add", *map(str, sources)]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--corpus", corpus, "--data", str(data), "--json"],
            cwd=ROOT,
            stdout=output,
            stderr=complaints,
        )
        peak, loaded = 0, False
        while process.poll() is None:
            family = _family(process.pid)
            peak = max(peak, sum(map(_proportional_bytes, family)))
            loaded = loaded or any(map(_has_model, family))
            time.sleep(POLL_S)
        seconds = time.perf_counter() - began
        output.seek(0)
        complaints.seek(0)
        lines = [json.loads(line) for line in output.read().splitlines()]
        if not lines or "counts" not in lines[-1]:
            raise ValueError(f"ingest ended with {process.returncode}: {complaints.read()}")
    return WatchedRun(seconds, lines[-1], lines[:-1], process.returncode, peak, loaded)


def _family(process: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process)
        return [parent, *parent.children(recursive=True)]
    return []


def _proportional_bytes(process: psutil.Process) -> int:
    """Memory of a process that is in use, shared pages by their part; 0 when it has ended."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return int(process.memory_full_info().pss)
    return 0


def _has_model(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return any(MODEL_LIBRARY in each.path for each in process.memory_maps())
    return False


@contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service over `data` that is ready, and its port. Raises TimeoutError."""
    command = [sys.executable, "-m", "api", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        port, deadline = 0, time.monotonic() + READY_WITHIN_S
        for line in process.stderr:
            if SERVING in line:
                port = int(line.rstrip().rstrip("/").rpartition(":")[2])
            if "ready:" in line:
                yield process, port
                return
            if time.monotonic() > deadline:
                raise TimeoutError("the service did not become ready")
    finally:
        process.terminate()
        process.communicate()
