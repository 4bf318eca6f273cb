"""Speed of the packaged embedders, in turn, so that what else the machine does slows both."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from evals.bench import ROOT, Rows
from evals.samples.reading import read_set
from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import MINILM, PACKAGED

CHARACTERS = 700
PASSAGES = 64
QUESTIONS = 32
ROUNDS = 10

Seconds = tuple[float, float]
"""By the clock, and of the processors."""


def time_embedders() -> Rows:
    """Passages a second, milliseconds a question, and the processor time as a ratio to MiniLM's."""
    texts = " ".join(path.read_text() for path in sorted((ROOT / "docs").rglob("*.md")))
    passages = [texts[at * CHARACTERS :][:CHARACTERS] for at in range(PASSAGES)]
    samples = read_set(ROOT / "evals" / "sets" / "handbook.jsonl").samples[:QUESTIONS]
    questions = [sample.question for sample in samples]
    tasks: dict[tuple[str, str], Callable[[], object]] = {}
    for name in PACKAGED:
        embedder = SentenceTransformersEmbedder(name, precision="auto")
        tasks[name, "passages"] = partial(embedder.embed_documents, passages)
        tasks[name, "questions"] = partial(_embed_each, embedder, questions)
    took = _time_in_turn(tasks)
    rows: Rows = []
    for (name, what), (clock_s, processor_s) in took.items():
        ratio = f"{processor_s / took[MINILM, what][1]:.2f} times the processor time of {MINILM}"
        a_question = f"{clock_s / QUESTIONS * 1e3:.1f} ms each"
        speed = f"{PASSAGES / clock_s:.0f} a second" if what == "passages" else a_question
        rows.append((f"embedders: {name}, {what}", f"{speed}, {ratio}"))
    return rows


def _embed_each(embedder: SentenceTransformersEmbedder, questions: Sequence[str]) -> None:
    for question in questions:
        embedder.embed_queries([question])


def _time_in_turn(
    tasks: dict[tuple[str, str], Callable[[], object]],
) -> dict[tuple[str, str], Seconds]:
    """The least of some rounds in which each task has its turn: others can only slow it."""
    found: dict[tuple[str, str], list[Seconds]] = {task: [] for task in tasks}
    for _ in range(ROUNDS):
        for task, run in tasks.items():
            clock, processors = time.perf_counter(), time.process_time()
            run()
            found[task].append((time.perf_counter() - clock, time.process_time() - processors))
    return {
        task: (min(clock), min(processors))
        for task, times in found.items()
        for clock, processors in [zip(*times, strict=True)]
    }
