"""A corpus of any size without a text of anybody's: made words, made vectors, a real release.

The pseudo-words are as unequally frequent as those of a language, and the vectors are clusters with
noise; both index engines, `documents.db` and the embedder's name are those of a real corpus.
"""

import hashlib
import os
import random
import shutil
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from rag.ports import CountingEmbedder, Vectors

CORPUS = "made"
SEED = 17
CHUNKS_A_DOCUMENT = 20
WORDS_A_CHUNK = 100
VOCABULARY = 30_000
ZIPF = 1.07
CLUSTERS = 2000
NOISE = 0.6


class MadeEmbedder:
    """Vectors by the text's hash, near one of a few centres, under a real embedder's name."""

    def __init__(self, real: CountingEmbedder, dimensions: int) -> None:
        self.fingerprint = real.fingerprint
        self.max_tokens = real.max_tokens
        chance = np.random.default_rng(SEED)
        self._centres = chance.normal(size=(CLUSTERS, dimensions)).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About what the texts have."""
        return [len(text) // 5 for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, the same for the same text."""
        digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
        seeds = [int.from_bytes(digest) for digest in digests]
        width = self._centres.shape[1]
        noise = np.stack([np.random.default_rng(seed).normal(size=width) for seed in seeds])
        chosen = self._centres[[seed % CLUSTERS for seed in seeds]]
        vectors = (chosen + NOISE * noise).astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / norms, dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_documents`."""
        return self.embed_documents(texts)


class Writer:
    """Writes texts and questions of the same pseudo-words."""

    def __init__(self) -> None:
        self._chance = random.Random(SEED)
        sounds = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ai", "or")]
        words: set[str] = set()
        while len(words) < VOCABULARY:
            words.add("".join(self._chance.choices(sounds, k=self._chance.randint(1, 3))))
        self._words = sorted(words)
        self._chance.shuffle(self._words)
        self._weights = list(accumulate(1 / (place + 3) ** ZIPF for place in range(VOCABULARY)))

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=words))


def write_documents(folder: Path, chunks: int, writer: Writer) -> None:
    """Files of some sections, each one chunk, and what is known of each file: its `part` of 100."""
    for number in range(chunks // CHUNKS_A_DOCUMENT):
        path = folder / f"{number // 500:04}" / f"{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        sections = (
            f"# Section {number}-{at}\n\n{writer.text(WORDS_A_CHUNK)} {number:06}-{at:03}."
            for at in range(CHUNKS_A_DOCUMENT)
        )
        front = f"---\npart: {number % 100}\n---\n\n"
        path.write_text(front + "\n\n".join(sections))


def build(data: Path, chunks: int, writer: Writer) -> float:
    """Ingest made documents with made vectors; returns the seconds it took."""
    from ingest.building import Engines
    from ingest.pipeline import add
    from ingest.publishing import CorpusFolder
    from ingest.sources import scan
    from ingest.workshop import Workshop
    from rag import bootstrap
    from rag.settings import load_settings

    settings = load_settings(os.environ, data=data)
    docs = data / "docs"
    write_documents(docs, chunks, writer)
    real = bootstrap.load_embedder(settings)
    made = MadeEmbedder(real, real.embed_queries(["x"]).shape[1])
    began = time.perf_counter()
    workshop = Workshop(
        embedder=real.fingerprint,
        load_embedder=lambda: made,
        engines=bootstrap.index_engines(),
        load_engines=lambda: Engines(*bootstrap.load_index_builders()),
        language="english",
        embedder_name=settings.embedder,
    )
    report = add(CorpusFolder(data / "corpora" / CORPUS), scan([str(docs)]), workshop)
    if report.chunks != chunks:
        raise ValueError(f"{report.chunks} chunks were made instead of {chunks}")
    shutil.rmtree(docs)
    return time.perf_counter() - began
