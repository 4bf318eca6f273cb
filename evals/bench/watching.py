"""A run of `ingest add` in a process of its own, watched from outside while it works."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_S = 0.05
MODEL_LIBRARY = "libtorch"


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
    root: Path, sources: list[Path], data: Path, *, corpus: str, precision: str | None = None
) -> WatchedRun:
    """Ingest `sources` into `data`. Raises ValueError when the run ends without a summary."""
    setting = [f"RAG_EMBEDDER_PRECISION={precision}"] if precision else []
    command = ["env", *setting, sys.executable, "-m", "ingest", "add", *map(str, sources)]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--corpus", corpus, "--data", str(data), "--json"],
            cwd=root,
            stdout=output,
            stderr=complaints,
        )
        peak, loaded = 0, False
        while process.poll() is None:
            family = _family(process.pid)
            peak = max(peak, sum(map(proportional_bytes, family)))
            loaded = loaded or any(map(_has_model, family))
            time.sleep(POLL_S)
        seconds = time.perf_counter() - began
        output.seek(0)
        complaints.seek(0)
        lines = [json.loads(line) for line in output.read().splitlines()]
        if not lines or "counts" not in lines[-1]:
            raise ValueError(f"ingest ended with {process.returncode}: {complaints.read()}")
    return WatchedRun(seconds, lines[-1], lines[:-1], process.returncode, peak, loaded)


def _family(process: int) -> list[int]:
    found = [process]
    for parent in found:
        tasks = Path(f"/proc/{parent}/task")
        try:
            names = os.listdir(tasks)
        except OSError:  # the process has ended
            continue
        for name in names:
            found += [int(child) for child in _read(tasks / name / "children").split()]
    return found


def proportional_bytes(process: int) -> int:
    """Memory of a process that is in use, shared pages by their part; 0 when it has ended."""
    lines = _read(Path(f"/proc/{process}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


def resident_bytes(process: int) -> int:
    """Memory of a process that is in use, shared pages included; 0 when it has ended."""
    fields = _read(Path(f"/proc/{process}/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _has_model(process: int) -> bool:
    return MODEL_LIBRARY in _read(Path(f"/proc/{process}/maps"))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
