"""A corpus of any size without a text of anybody's: made words, made vectors, a real release.

The words are as unequally frequent as those of a language, English stop words the most, and the
vectors are mixed from those of the example corpus; the indexes and `documents.db` are real.
"""

import hashlib
import random
import shutil
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from evals.bench import ROOT
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.setup import ChosenEmbedder, Setup
from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from rag import bootstrap
from rag.ports import CountingEmbedder, Vectors
from rag.settings import load_settings

CORPUS = "made"
SEED = 17
CHUNKS_A_DOCUMENT = 20
WORDS_A_CHUNK = 85  # about 520 characters, 190 tokens
VOCABULARY = 30_000
ZIPF = 1.07
NOISE = 0.5
STOP_WORDS = [
    *("the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "as", "was", "with", "be"),
    *("on", "not", "by", "are", "or", "this", "at", "an", "but", "if", "they", "their", "will"),
    *("then", "there", "such", "no", "into"),
]
BASIS = ROOT / "examples" / "handbook"


class MadeEmbedder:
    """Vectors by the text's hash: mixtures of two real ones with noise, under the embedder's name.

    They lie as real ones do, in few of the dimensions; noise in all of them alike would make
    neighbours of no two chunks, which no index is made for.
    """

    def __init__(self, real: CountingEmbedder, texts: Sequence[str]) -> None:
        self.fingerprint = real.fingerprint
        self.max_tokens = real.max_tokens
        self._basis = real.embed_documents(texts)
        spread = self._basis - self._basis.mean(axis=0)
        self._spread = (spread / np.sqrt(len(spread))).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About what the texts have."""
        return [len(text) // 5 for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, the same for the same text."""
        vectors = np.stack([self._make(text) for text in texts])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / norms, dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_documents`."""
        return self.embed_documents(texts)

    def for_sentences(self, question: str) -> "MadeEmbedder":
        """Itself."""
        return self

    def _make(self, text: str) -> Vectors:
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        chance = np.random.default_rng(int.from_bytes(digest))
        first, second = chance.integers(len(self._basis), size=2)
        share = chance.uniform(0.0, 0.5)
        noise = chance.standard_normal(len(self._basis), dtype=np.float32) @ self._spread
        mixed = (1 - share) * self._basis[first] + share * self._basis[second]
        made: Vectors = (mixed + NOISE * noise).astype(np.float32)
        return made


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
        self._words[: len(STOP_WORDS)] = STOP_WORDS
        self._weights = list(accumulate(1 / (place + 3) ** ZIPF for place in range(VOCABULARY)))

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=words))


def write_documents(
    folder: Path,
    chunks: int,
    writer: Writer,
    *,
    sections: int = CHUNKS_A_DOCUMENT,
    words: int = WORDS_A_CHUNK,
) -> None:
    """Files of some sections, each one chunk, and what is known of each file: its `part` of 100."""
    for number in range(chunks // sections):
        path = folder / f"{number // 500:04}" / f"{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        written = (
            f"# Section {number}-{at}\n\n{writer.text(words)} {number:06}-{at:03}."
            for at in range(sections)
        )
        front = f"---\npart: {number % 100}\n---\n\n"
        path.write_text(front + "\n\n".join(written))


def build(data: Path, chunks: int, writer: Writer) -> float:
    """Ingest made documents with made vectors; returns the seconds it took."""
    settings = load_settings({}, data=data)
    docs = data / "docs"
    write_documents(docs, chunks, writer)
    real = bootstrap.load_embedder(settings)
    paragraphs = (p.read_text().split("\n\n") for p in sorted(BASIS.rglob("*.md")))
    made = MadeEmbedder(real, [each for texts in paragraphs for each in texts if each.strip()])
    report, seconds = ingest(data, CORPUS, made, embedder_name=bootstrap.embedder_name(settings))
    if report.chunks != chunks:
        raise ValueError(f"{report.chunks} chunks were made instead of {chunks}")
    shutil.rmtree(docs)
    return seconds


def ingest(
    data: Path, corpus: str, embedder: CountingEmbedder, *, embedder_name: str = ""
) -> tuple[Report, float]:
    """What became of the files in `data/docs`, and the seconds it took."""
    setup = Setup(
        embedder=ChosenEmbedder(embedder.fingerprint, lambda: embedder, embedder_name),
        engines=bootstrap.index_engines(),
        load_engines=bootstrap.load_index_builders,
        language="english",
    )
    began = time.perf_counter()
    report = add(CorpusFolder(data / "corpora" / corpus), scan([str(data / "docs")]), setup)
    return report, time.perf_counter() - began
