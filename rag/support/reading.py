"""Texts as the check reads them: words with their vectors, their stems and how rare they are."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from rag.domain import Span
from rag.ports import Evidence, Vectors, WordEmbedder
from rag.support.evidence_units import WIDEST, Unit, list_runs, list_windows, split_units
from rag.support.words import STOP_WORDS, stem

WORD = re.compile(r"[^\W_]+|[^\w\s]")
CONTENT = 0.5  # weight above which a word says something; chosen: below stand the stop words
STOP_WEIGHT = 0.3  # chosen: prepositions count a little
BLOCK_WORDS = 150  # read in one go, so that each word is read among its neighbours; fits the window
KEPT_TEXTS = 1024  # blocks of text whose vectors are kept, about 0.2 MB each

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ReadText:
    """A text with one vector a word."""

    text: str
    spans: tuple[Span, ...]
    vectors: Vectors
    weights: Vectors

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words and marks."""
        return tuple(self.text[span.start : span.end] for span in self.spans)

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The words in lower case without their endings."""
        return tuple(stem(word.lower()) for word in self.words)

    @cached_property
    def is_content(self) -> Flags:
        """Which words say something; all of them where none does."""
        known = np.array([word.isalnum() for word in self.words], dtype=np.bool_)
        found = known & (self.weights > CONTENT)
        return found if found.any() else np.ones_like(known)

    def part(self, first: int, last: int) -> "ReadText":
        """The words from `first` to before `last` as a text of their own."""
        start = self.spans[first].start
        spans = tuple(Span(s.start - start, s.end - start) for s in self.spans[first:last])
        text = self.text[start : self.spans[last - 1].end]
        return ReadText(text, spans, self.vectors[first:last], self.weights[first:last])

    def place(self, start: int) -> int:
        """The number of the word at or after character `start`."""
        return next((at for at, span in enumerate(self.spans) if span.end > start), 0)


@dataclass(frozen=True, eq=False)
class ReadEvidence:
    """Evidence ready to be compared: units, what stands above them, and all their vectors."""

    units: tuple[Unit, ...]
    texts: tuple[ReadText, ...]
    contexts: tuple[ReadText, ...]
    context_of: tuple[int, ...]
    windows: tuple[tuple[int, tuple[int, ...]], ...]

    @cached_property
    def vectors(self) -> Vectors:
        """Those of all words of all units, one below the other."""
        return np.concatenate([each.vectors for each in self.texts])

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where in `vectors` each unit begins."""
        return np.cumsum([0, *(len(each.spans) for each in self.texts[:-1])])

    @cached_property
    def window_units(self) -> npt.NDArray[np.int64]:
        """The units of each window, a row of equal length: the last is repeated in narrow ones."""
        return np.array(
            [(*units, *units[-1:] * (WIDEST - len(units))) for _, units in self.windows]
        )

    @cached_property
    def stems(self) -> frozenset[str]:
        """All stems that stand anywhere."""
        return frozenset(s for each in (*self.texts, *self.contexts) for s in each.stems)


class Reader:
    """Reads texts with one embedder, and keeps what it read."""

    def __init__(self, embedder: WordEmbedder) -> None:
        self._embedder = embedder
        self._kept: LRUCache[str, ReadText] = LRUCache(KEPT_TEXTS)
        self._lock = threading.Lock()

    def read(self, texts: Sequence[str]) -> list[ReadText]:
        """The texts in order; only those are embedded that were not lately."""
        with self._lock:
            known = {text: self._kept[text] for text in set(texts) if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known |= zip(new, self._embed(new), strict=True)
        with self._lock:
            self._kept.update(known)
        return [known[text] for text in texts]

    def _embed(self, texts: Sequence[str]) -> list[ReadText]:
        spans = [tuple(Span(*match.span()) for match in WORD.finditer(text)) for text in texts]
        words = [[t[s.start : s.end] for s in own] for t, own in zip(texts, spans, strict=True)]
        distinct = list(dict.fromkeys(word.lower() for own in words for word in own))
        weights = dict(zip(distinct, self._embedder.weigh_words(distinct), strict=True))
        weights |= {word: min(STOP_WEIGHT, weights[word]) for word in distinct if _is_stop(word)}
        vectors = self._embedder.embed_words(words)
        return [
            ReadText(
                text, own, found, np.array([weights[w.lower()] for w in said], dtype=np.float32)
            )
            for text, own, said, found in zip(texts, spans, words, vectors, strict=True)
        ]

    def read_evidence(self, evidence: Sequence[Evidence]) -> ReadEvidence:
        """Evidence with the vectors of its units, each read among its neighbours."""
        units: list[Unit] = []
        blocks: list[list[int]] = []
        windows: list[tuple[int, tuple[int, ...]]] = []
        runs = [
            (at, run) for at, each in enumerate(evidence) for run in list_runs(split_units(each))
        ]
        for index, run in runs:
            first = len(units)
            units += run
            blocks += _blocks(run, first)
            windows += [(index, tuple(first + at for at in each)) for each in list_windows(run)]
        contexts = list(dict.fromkeys(unit.context for unit in units))
        joined = [" ".join(units[at].text for at in block) for block in blocks]
        read = self.read([*joined, *contexts])
        texts = [
            part
            for block, whole in zip(blocks, read, strict=False)
            for part in _cut(whole, [units[at].text for at in block])
        ]
        places = {context: at for at, context in enumerate(contexts)}
        return ReadEvidence(
            tuple(units),
            tuple(texts),
            tuple(read[len(blocks) :]),
            tuple(places[unit.context] for unit in units),
            tuple(windows),
        )


def _is_stop(word: str) -> bool:
    return word in STOP_WORDS or not word.isalnum()


def _blocks(units: Sequence[Unit], first: int) -> list[list[int]]:
    """Neighbours that are read together, by their numbers from `first`."""
    blocks: list[list[int]] = []
    size = BLOCK_WORDS
    for at, unit in enumerate(units, first):
        words = len(unit.text.split())
        if size + words > BLOCK_WORDS:
            blocks.append([])
            size = 0
        blocks[-1].append(at)
        size += words
    return blocks


def _cut(whole: ReadText, texts: Sequence[str]) -> list[ReadText]:
    """The joined texts apart again."""
    parts, first = [], 0
    for text in texts:
        count = sum(1 for _ in WORD.finditer(text))
        parts.append(whole.part(first, first + count))
        first += count
    return parts
