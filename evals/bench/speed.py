"""Times of whole processes, as a user waits for them."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

Rows = list[tuple[str, str]]
HELP_RUNS = 5
PORT = 8017
READY_WITHIN_S = 60


def time_help(root: Path) -> Rows:
    """Median time of `--help` of each command."""
    rows = []
    for package in ("ingest", "evals", "rag", "api"):
        seconds = sorted(_run(root, package, "--help")[0] for _ in range(HELP_RUNS))
        rows.append((f"python -m {package} --help", f"{seconds[HELP_RUNS // 2]:.2f} s"))
    return rows


def ingest_handbook(root: Path, data: Path) -> Rows:
    """The example corpus, first and unchanged."""
    command = ("ingest", "add", "examples/handbook", "--corpus", "handbook", "--data", str(data))
    first, _ = _run(root, *command)
    again, _ = _run(root, *command)
    return [
        ("handbook: first ingestion", f"{first:.1f} s"),
        ("handbook: ingestion with nothing changed", f"{again:.2f} s"),
    ]


def score_handbook(root: Path, data: Path) -> Rows:
    """The regression set of the example corpus: evidence, citations, abstention."""
    out = ("--data", str(data), "--out", str(data / "reports"), "--json")
    _, run = _run(root, "evals", "run", *out)
    report = json.loads(run.stdout)
    names = ("hit@5", "evidence_hit@5", "evidence_recall@4000", "citation_validity")
    rows = [(f"handbook: {name}", f"{report['aggregates'][name]['mean']:.3f}") for name in names]
    for kind, counts in report["abstention"].items():
        asked = counts["answered"] + counts["abstained"]
        share = f"{counts['answered']} of {asked} ({counts['answered'] / asked:.0%})"
        rows.append((f"handbook: answered, {kind}", share))
    return rows


def time_service(root: Path, data: Path) -> Rows:
    """From the start of the process until `/readyz` says 200."""
    started = time.perf_counter()
    service = subprocess.Popen(
        [sys.executable, "-m", "api", "--data", str(data), "--port", str(PORT)],
        cwd=root,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - started < READY_WITHIN_S and not _is_ready():
            time.sleep(0.05)
        return [("service ready", f"{time.perf_counter() - started:.1f} s")]
    finally:
        service.terminate()
        service.wait()


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def time_spans_ingest(root: Path, folder: Path, data: Path) -> tuple[Rows, float]:
    """Ingestion of the evidence-span texts, start of process included, in seconds."""
    texts = [str(path) for path in sorted(folder.glob("*.md"))]
    ours, _ = _run(root, "ingest", "add", *texts, "--corpus", "spans", "--data", str(data))
    return [("spans: ingestion, whole process", f"{ours:.1f} s")], ours


def time_peer(script: Path, python: str, folder: Path, ours_s: float) -> Rows:
    """LangChain's documented defaults on the same texts and weights, and the ratio of the times."""
    run = subprocess.run(
        [python, str(script), str(folder), "langchain-1000/200"],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(run.stdout.splitlines()[-1])
    names = ("recall5", "recall@2000c", "recall@4000c", "recall@8000c")
    return [
        ("spans: LangChain 1000/200, indexing alone", f"{figures['ingest_s']:.1f} s"),
        ("spans: our whole process / its indexing", f"{ours_s / figures['ingest_s']:.2f}"),
        *((f"spans: LangChain {name}", f"{figures[name]:.3f}") for name in names),
    ]


def ingest_messy(root: Path, folder: Path, data: Path) -> Rows:
    """A folder of awkward files: it ends, and every file has a state."""
    seconds, run = _run(
        root, "ingest", "add", str(folder), "--corpus", "messy", "--data", str(data), "--json"
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    states = Counter(line["state"] for line in lines if "state" in line)
    longest = max(line.get("seconds", 0) for line in lines[:-1])
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return [
        ("messy: files", str(files)),
        ("messy: states", f"{sum(states.values())}: {counted}"),
        ("messy: time, exit code", f"{seconds:.1f} s, {run.returncode}"),
        ("messy: longest single file", f"{longest:.1f} s"),
    ]


def _run(root: Path, *arguments: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True
    )
    return time.perf_counter() - started, run
