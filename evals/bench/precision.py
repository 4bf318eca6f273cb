"""How alike one release is ranked where questions are embedded in another precision."""

from collections.abc import Sequence
from pathlib import Path

from evals.bench import Rows
from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.weights import MINILM, Precision
from rag.bootstrap import make_pipeline, open_release
from rag.releases.folder import OpenRelease, release_folder
from rag.retrieval.retrievers import RETRIEVERS
from rag.retrieval.scope import Scope
from rag.settings import load_settings

BEST = 10
PRECISIONS: tuple[Precision, ...] = ("fp32", "bfloat16")
MODES = [name for name, retriever in RETRIEVERS.items() if retriever.needs_vector]


def measure_agreement(data: Path, corpus: str, questions: Sequence[str]) -> Rows:
    """Share of the places of the ten best that hold the same chunk for fp32 and for bfloat16."""
    release = open_release(release_folder(data, corpus))
    try:
        found = {precision: _rank(release, questions, precision) for precision in PRECISIONS}
    finally:
        release.close()
    return [
        (
            f"precision: places of the ten best that agree, {mode}",
            f"{_agreement(found['fp32'][mode], found['bfloat16'][mode]):.4f}",
        )
        for mode in MODES
    ]


def _rank(
    release: OpenRelease, questions: Sequence[str], precision: Precision
) -> dict[str, list[list[str]]]:
    embedder = SentenceTransformersEmbedder(MINILM, precision=precision)
    search = make_pipeline(lambda _: embedder, load_settings({})).search
    return {
        mode: [
            [hit.chunk.id for hit in search([q], release, Scope(mode=mode), top_k=BEST).hits]
            for q in questions
        ]
        for mode in MODES
    }


def _agreement(left: list[list[str]], right: list[list[str]]) -> float:
    places = [(a, b) for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True)]
    return sum(a == b for a, b in places) / len(places)
