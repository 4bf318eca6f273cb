"""What ingestion costs at size: per chunk, unchanged, after a small change, and of the machine."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from evals.bench import Rows
from evals.bench.made import Writer, write_documents
from evals.bench.watching import WatchedRun, watch_add
from rag.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

SECTIONS = 100
WORDS_A_SECTION = 28  # about 70 tokens
CHANGED = 10
SEED = 17
GEMM_SIZE = 2048
GEMM_ROUNDS = 8
LAYERS, WIDTH = 6, 384
SAMPLE_TEXTS, SAMPLE_WORDS = 256, 110


def measure_scale(data: Path, sizes: tuple[int, int]) -> Rows:
    """Seconds per chunk at two sizes, their ratio, memory, and a change of a few documents."""
    rows: Rows = []
    costs = []
    for size in sizes:
        folder = data / f"scale-{size}"
        write_documents(folder / "docs", size, Writer(), sections=SECTIONS, words=WORDS_A_SECTION)
        run = _add(folder)
        chunks = run.summary["chunks"]
        if chunks != size:
            raise ValueError(f"{chunks} chunks were made of {size} sections")
        costs.append(run.seconds / chunks)
        rows += [
            (f"scale: {chunks:,} chunks", f"{run.seconds:.0f} s, {_say(run)}"),
            (f"scale: {chunks:,} chunks, cost of one", f"{1000 * costs[-1]:.1f} ms"),
            (f"scale: {chunks:,} chunks, peak memory", f"{run.peak_bytes / 1e9:.2f} GB"),
        ]
    rows.append(("scale: cost of a chunk, large / small", f"{costs[1] / costs[0]:.2f}"))
    return rows + _change(data / f"scale-{sizes[1]}")


def _change(folder: Path) -> Rows:
    for path in sorted((folder / "docs").rglob("*.md"))[:CHANGED]:
        path.write_text(path.read_text() + "\n\n# Added\n\nOne more section that is new.\n")
    run = _add(folder)
    stages = run.summary["timings"]
    live = sum(stages[name] for name in ("building", "verifying", "publishing"))
    label = f"scale: {CHANGED} documents changed"
    return [
        (f"{label}, live after the end of embedding", f"{live:.1f} s, {_say(run)}"),
        (f"{label}, peak memory", f"{run.peak_bytes / 1e9:.2f} GB"),
    ]


def measure_unchanged(data: Path, sizes: tuple[int, ...] = (1000, 20_000)) -> Rows:
    """A run over small files of which none has changed: files a second, and no model loaded."""
    rows: Rows = []
    for size in sizes:
        folder = data / f"unchanged-{size}"
        for number in range(size):
            path = folder / "docs" / f"{number // 500:03}" / f"{number:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Fact {number}.")
        first = _add(folder)
        again = _add(folder)
        if again.summary["counts"] != {"unchanged": size}:
            raise ValueError(f"not unchanged: {again.summary['counts']}")
        scanned = size / again.summary["timings"]["reading"]
        loaded = "a model was loaded" if again.loaded_model else "no model loaded"
        rows += [
            (f"unchanged: {size:,} files, first run", f"{first.seconds:.1f} s"),
            (
                f"unchanged: {size:,} files, second run",
                f"{again.seconds:.2f} s, {scanned:,.0f} files/s, "
                f"{again.peak_bytes / 1e6:.0f} MB, {loaded}",
            ),
        ]
    return rows


def measure_limit(settings: Settings, *, size: int = GEMM_SIZE, sample: int = SAMPLE_TEXTS) -> Rows:
    """The machine's matrix rates, and the share that embedding reaches of the one it uses.

    A token costs `LAYERS * 2 * (12 * WIDTH**2 + 2 * tokens * WIDTH)` operations: the projections
    and the two wide layers, and attention over the `tokens` of its text.
    """
    import torch

    from rag.bootstrap import load_embedder

    rates = {
        name: _matrix_rate(torch.rand(size, size).to(kind))
        for name, kind in (("fp32", torch.float32), ("bfloat16", torch.bfloat16))
    }
    embedder = load_embedder(settings)
    chance = random.Random(SEED)
    words = ("boat", "harbour", "fare", "pier")
    texts = [" ".join(chance.choices(words, k=SAMPLE_WORDS)) for _ in range(sample)]
    tokens = embedder.count_tokens(texts[:1])[0] + 2
    operations = 2 * LAYERS * (12 * WIDTH**2 + 2 * tokens * WIDTH) * tokens * sample
    embedder.embed_documents(texts)
    best = min(_time(lambda: embedder.embed_documents(texts)) for _ in range(3))
    used = embedder.fingerprint.rpartition(":")[2]
    return [
        *(
            (f"limit: {name} matrix product", f"{rate / 1e9:.0f} GFLOP/s")
            for name, rate in rates.items()
        ),
        (f"limit: texts of {tokens} tokens embedded", f"{sample / best:.0f} a second"),
        (f"limit: share of the {used} rate in embedding", f"{operations / best / rates[used]:.0%}"),
    ]


def _matrix_rate(matrix: "Tensor") -> float:
    best = min(_time(lambda: matrix @ matrix) for _ in range(GEMM_ROUNDS))
    return 2 * len(matrix) ** 3 / best


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _say(run: WatchedRun) -> str:
    return ", ".join(f"{name} {spent:.1f}" for name, spent in run.summary["timings"].items())


def _add(folder: Path) -> WatchedRun:
    return watch_add([folder / "docs"], folder / "data", corpus="x")
