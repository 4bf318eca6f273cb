"""Times of whole processes, as a user waits for them."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from evals.bench import ROOT, Rows
from evals.bench.quality.spans import read_questions
from evals.bench.watching import serving, watch_add

HELP_RUNS = 5


def time_help() -> Rows:
    """Median time of `--help` of each command."""
    rows = []
    for package in ("ingest", "evals", "rag", "api"):
        seconds = sorted(_run(package, "--help")[0] for _ in range(HELP_RUNS))
        rows.append((f"python -m {package} --help", f"{seconds[HELP_RUNS // 2]:.2f} s"))
    return rows


def ingest_handbook(data: Path) -> Rows:
    """The example corpus, first and unchanged."""
    source = "examples/handbook"
    command = ("ingest", "add", source, "--corpus", "handbook", "--data", str(data))
    first, _ = _run(*command)
    again, _ = _run(*command)
    return [
        ("handbook: first ingestion", f"{first:.1f} s"),
        ("handbook: ingestion with nothing changed", f"{again:.2f} s"),
    ]


def score_handbook(data: Path) -> Rows:
    """The regression set of the example corpus: evidence, citations, abstention."""
    out = ("--data", str(data), "--out", str(data / "reports"), "--json")
    _, run = _run("evals", "run", *out)
    report = json.loads(run.stdout)
    names = ("hit@5", "evidence_hit@5", "evidence_recall@4000", "citation_validity")
    rows = [(f"handbook: {name}", f"{report['aggregates'][name]['mean']:.3f}") for name in names]
    for kind, counts in report["abstention"].items():
        asked = counts["answered"] + counts["abstained"]
        share = f"{counts['answered']} of {asked} ({counts['answered'] / asked:.0%})"
        rows.append((f"handbook: answered, {kind}", share))
    return rows


def time_service(data: Path) -> Rows:
    """From the start of the process until it says that it is ready."""
    started = time.perf_counter()
    with serving(data):
        return [("service ready", f"{time.perf_counter() - started:.1f} s")]


def time_spans_ingest(folder: Path, data: Path, *settings: str) -> tuple[Rows, float]:
    """Ingestion of the evidence-span texts, start of process included, in seconds."""
    texts = sorted(folder.glob("*.md"))
    run = watch_add(texts, data, corpus="spans", settings=settings)
    rows = [
        ("spans: ingestion, whole process", f"{run.seconds:.1f} s"),
        ("spans: ingestion, of that embedding", f"{run.summary['timings']['embedding']:.1f} s"),
        ("spans: ingestion, peak memory", f"{run.peak_bytes / 1e9:.2f} GB"),
    ]
    return rows, run.seconds


def time_peer(script: Path, python: str, folder: Path, ours_s: float) -> Rows:
    """LangChain's documented defaults on the same texts and weights, and the ratios of the times.

    Its process also asks the set's questions: their time is taken off.
    """
    began = time.perf_counter()
    run = subprocess.run(
        [python, str(script), str(folder), "langchain-1000/200"],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    process_s = time.perf_counter() - began
    figures = json.loads(run.stdout.splitlines()[-1])
    indexing_s = figures["ingest_s"]
    process_s -= len(read_questions(folder)) * figures["p50_ms"] / 1000
    names = ("recall5", "recall@2000c", "recall@4000c", "recall@8000c")
    return [
        ("spans: LangChain 1000/200, indexing alone", f"{indexing_s:.1f} s"),
        ("spans: LangChain, whole process less its questions", f"{process_s:.1f} s"),
        ("spans: our whole process / its indexing", f"{ours_s / indexing_s:.2f}"),
        ("spans: our whole process / its whole process", f"{ours_s / process_s:.2f}"),
        *((f"spans: LangChain {name}", f"{figures[name]:.3f}") for name in names),
    ]


def ingest_messy(folder: Path, data: Path) -> Rows:
    """A folder of awkward files: it ends, and every file has a state."""
    run = watch_add([folder], data, corpus="messy")
    states = Counter(source["state"] for source in run.sources)
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    longest = max(run.sources, key=lambda source: float(source["seconds"]))
    return [
        ("messy: files", str(files)),
        ("messy: states", f"{sum(states.values())}: {counted}"),
        ("messy: time, exit code", f"{run.seconds:.1f} s, {run.exit_code}"),
        ("messy: peak memory", f"{run.peak_bytes / 1e9:.2f} GB"),
        ("messy: longest file", f"{longest['seconds']:.1f} s, {Path(longest['source']).name}"),
    ]


def _run(*arguments: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    return time.perf_counter() - started, run
