"""What ingestion costs at size: per chunk, unchanged, after a small change, and of the machine."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = list[tuple[str, str]]
Summary = dict[str, Any]
"""The last line of `--json`."""
SECTIONS = 100
WORDS_A_SECTION = 38
CHANGED = 10
SEED = 17
GEMM_SIZE = 2048
GEMM_ROUNDS = 8
LAYERS, WIDTH = 6, 384
SAMPLE_TEXTS = 256
POLL_S = 0.02


def write_corpus(folder: Path, chunks: int) -> None:
    """Files of SECTIONS sections, each about 250 characters under a heading of its own."""
    folder.mkdir(parents=True)
    chance = random.Random(SEED)
    words = [f"{a}{b}{c}" for a in "bdfgklmn" for b in ("a", "e", "io", "u") for c in "lmnrst"]
    for number in range(chunks // SECTIONS):
        sections = (
            f"# Section {number}-{at}\n\n{' '.join(chance.choices(words, k=WORDS_A_SECTION))} {at}."
            for at in range(SECTIONS)
        )
        (folder / f"{number:05}.md").write_text("\n\n".join(sections))


def measure_scale(root: Path, data: Path, sizes: tuple[int, int]) -> Rows:
    """Seconds per chunk at two sizes, their ratio, memory, and a change of a few documents."""
    rows: Rows = []
    costs = []
    for size in sizes:
        folder = data / f"scale-{size}"
        write_corpus(folder / "docs", size)
        seconds, summary, peak = _add(root, folder)
        costs.append(seconds / summary["chunks"])
        rows += [
            (f"scale: {summary['chunks']:,} chunks", f"{seconds:.0f} s, {_say(summary)}"),
            (f"scale: {summary['chunks']:,} chunks, peak memory", f"{peak / 1e9:.2f} GB"),
        ]
    rows.append(("scale: cost per chunk, large / small", f"{costs[1] / costs[0]:.2f}"))
    return rows + _change(root, data / f"scale-{sizes[1]}")


def _change(root: Path, folder: Path) -> Rows:
    for path in sorted((folder / "docs").iterdir())[:CHANGED]:
        path.write_text(path.read_text() + "\n\n# Added\n\nOne more section that is new.\n")
    _, summary, peak = _add(root, folder)
    stages = summary["timings"]
    live = sum(stages[name] for name in ("building", "verifying", "publishing"))
    label = f"scale: {CHANGED} documents changed"
    return [
        (f"{label}, live after the end of embedding", f"{live:.1f} s, {_say(summary)}"),
        (f"{label}, peak memory", f"{peak / 1e9:.2f} GB"),
    ]


def measure_unchanged(root: Path, data: Path, sizes: tuple[int, ...] = (1000, 20_000)) -> Rows:
    """A run over small files of which none has changed: files a second, and no model loaded."""
    rows: Rows = []
    for size in sizes:
        folder = data / f"unchanged-{size}"
        for number in range(size):
            path = folder / "docs" / f"{number // 500:03}" / f"{number:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Fact {number}.")
        _add(root, folder)
        seconds, summary, peak = _add(root, folder)
        if summary["counts"] != {"unchanged": size}:
            raise ValueError(f"not unchanged: {summary['counts']}")
        scanned = size / summary["timings"]["reading"]
        rows.append(
            (
                f"unchanged: {size:,} files",
                f"{seconds:.2f} s in all, {scanned:,.0f} files/s, {peak / 1e6:.0f} MB "
                "(no model is loaded in that)",
            )
        )
    return rows


def measure_limit() -> Rows:
    """The machine's matrix rate, and the share of it that embedding reaches."""
    import torch

    from rag.bootstrap import load_embedder
    from rag.settings import load_settings

    settings = load_settings(os.environ)
    embedder = load_embedder(settings)
    is_bfloat16 = embedder.fingerprint.endswith("bfloat16")
    kind = torch.bfloat16 if is_bfloat16 else torch.float32
    left, right = (torch.rand(GEMM_SIZE, GEMM_SIZE).to(kind) for _ in range(2))
    best = min(_time(lambda: left @ right) for _ in range(GEMM_ROUNDS))
    rate = 2 * GEMM_SIZE**3 / best
    chance = random.Random(SEED)
    texts = [" ".join(chance.choices(("boat", "harbour", "fare", "pier"), k=110))] * SAMPLE_TEXTS
    tokens = embedder.count_tokens(texts[:1])[0] + 2
    flops = 2 * LAYERS * (12 * WIDTH**2 + 2 * tokens * WIDTH) * tokens * SAMPLE_TEXTS
    embedder.embed_documents(texts)
    reached = flops / min(_time(lambda: embedder.embed_documents(texts)) for _ in range(3))
    return [
        (f"limit: {'bf16' if is_bfloat16 else 'fp32'} matrix product", f"{rate / 1e9:.0f} GFLOP/s"),
        ("limit: share of it reached in embedding", f"{reached / rate:.0%}"),
    ]


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _say(summary: Summary) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in summary["timings"].items())


def _add(root: Path, folder: Path) -> tuple[float, Summary, int]:
    """A run in a process of its own: its time, its summary, its peak memory in bytes."""
    command = [sys.executable, "-m", "ingest", "add", str(folder / "docs"), "--corpus", "x"]
    options = ["--data", str(folder / "data"), "--json"]
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen([*command, *options], cwd=root, stdout=output)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak_bytes(process.pid))
            time.sleep(POLL_S)
        seconds = time.perf_counter() - began
        output.seek(0)
        return seconds, json.loads(output.read().splitlines()[-1]), peak


def _peak_bytes(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0][1]) * 1024 if found else 0
