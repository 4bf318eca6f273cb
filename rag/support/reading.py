"""Texts as the check reads them: words with their vectors, their stems and how rare they are."""

import re
import threading
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

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
KEPT_WORDS = 60_000  # of texts, and as many of passages: 90 MB each with 384 numbers a word
KEPT_EVIDENCE = 8  # chosen: 2 MB each; the sentences of one text are held against few

Flags = npt.NDArray[np.bool_]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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


@dataclass(frozen=True, eq=False, slots=True)
class _ReadPassage:
    """One text of evidence: its units, what each says and stands under, and its windows."""

    units: tuple[Unit, ...]
    texts: tuple[ReadText, ...]
    contexts: tuple[ReadText, ...]
    windows: tuple[tuple[int, ...], ...]


class Reader:
    """Reads texts with one embedder, and keeps what it read."""

    def __init__(self, embedder: WordEmbedder) -> None:
        self._embedder = embedder
        self._texts: LRUCache[str, ReadText] = LRUCache(KEPT_WORDS, lambda text: len(text.spans))
        self._passages: LRUCache[Evidence, _ReadPassage] = LRUCache(KEPT_WORDS, _count_words)
        self._evidence: LRUCache[tuple[Evidence, ...], ReadEvidence] = LRUCache(KEPT_EVIDENCE)
        self._lock = threading.Lock()

    def read(self, texts: Sequence[str]) -> list[ReadText]:
        """The texts in order; only those are embedded that were not lately."""
        with self._lock:
            known = {text: self._texts[text] for text in set(texts) if text in self._texts}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, self._embed(new), strict=True)
            self._keep(self._texts, known)
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
        [read] = self.read_each([evidence])
        return read

    def read_each(self, groups: Sequence[Sequence[Evidence]]) -> list[ReadEvidence]:
        """As `read_evidence`, each group by itself, what is new of all of them in one go."""
        keys = [tuple(group) for group in groups]
        with self._lock:
            known = {key: self._evidence[key] for key in set(keys) if key in self._evidence}
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            passages = self._read_passages([each for key in new for each in key])
            known |= {key: _join([passages[each] for each in key]) for key in new}
            self._keep(self._evidence, known)
        return [known[key] for key in keys]

    def _read_passages(self, evidence: Sequence[Evidence]) -> dict[Evidence, _ReadPassage]:
        with self._lock:
            known = {each: self._passages[each] for each in set(evidence) if each in self._passages}
        new = [each for each in dict.fromkeys(evidence) if each not in known]
        if new:
            apart = [_take_apart(each) for each in new]
            texts = [text for own in apart for text in (*own.joined, *own.contexts)]
            read = dict(zip(texts, self.read(texts), strict=True))
            known |= {each: own.read(read) for each, own in zip(new, apart, strict=True)}
            self._keep(self._passages, known)
        return known

    def _keep(self, kept: LRUCache[K, V], known: dict[K, V]) -> None:
        """Keep what was read; what is larger than all that may be kept is read again."""
        with self._lock:
            for key, value in known.items():
                with suppress(ValueError):
                    kept[key] = value


@dataclass(frozen=True, eq=False, slots=True)
class _Apart:
    """A text of evidence in units and, by their numbers, the blocks in which they are read."""

    units: tuple[Unit, ...]
    blocks: tuple[tuple[int, ...], ...]
    windows: tuple[tuple[int, ...], ...]

    @property
    def joined(self) -> list[str]:
        """What the blocks say."""
        return [" ".join(self.units[at].text for at in block) for block in self.blocks]

    @property
    def contexts(self) -> list[str]:
        """What stands above each unit."""
        return [unit.context for unit in self.units]

    def read(self, known: Mapping[str, ReadText]) -> _ReadPassage:
        """With the vectors of these texts."""
        texts = tuple(
            part
            for block, joined in zip(self.blocks, self.joined, strict=True)
            for part in _cut(known[joined], [self.units[at].text for at in block])
        )
        contexts = tuple(known[context] for context in self.contexts)
        return _ReadPassage(self.units, texts, contexts, self.windows)


def _take_apart(evidence: Evidence) -> _Apart:
    units: list[Unit] = []
    blocks: list[tuple[int, ...]] = []
    windows: list[tuple[int, ...]] = []
    for run in list_runs(split_units(evidence)):
        first = len(units)
        units += run
        blocks += _blocks(run, first)
        windows += [tuple(first + at for at in each) for each in list_windows(run)]
    return _Apart(tuple(units), tuple(blocks), tuple(windows))


def _join(passages: Sequence[_ReadPassage]) -> ReadEvidence:
    """Several texts as one, each context once."""
    firsts = np.cumsum([0, *(len(each.units) for each in passages)]).tolist()
    contexts = {context.text: context for each in passages for context in each.contexts}
    places = {text: at for at, text in enumerate(contexts)}
    return ReadEvidence(
        tuple(unit for each in passages for unit in each.units),
        tuple(text for each in passages for text in each.texts),
        tuple(contexts.values()),
        tuple(places[context.text] for each in passages for context in each.contexts),
        tuple(
            (index, tuple(firsts[index] + at for at in units))
            for index, each in enumerate(passages)
            for units in each.windows
        ),
    )


def _count_words(passage: _ReadPassage) -> int:
    return sum(len(text.spans) for text in passage.texts)


def _is_stop(word: str) -> bool:
    return word in STOP_WORDS or not word.isalnum()


def _blocks(units: Sequence[Unit], first: int) -> list[tuple[int, ...]]:
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
    return [tuple(block) for block in blocks]


def _cut(whole: ReadText, texts: Sequence[str]) -> list[ReadText]:
    """The joined texts apart again."""
    parts, first = [], 0
    for text in texts:
        count = sum(1 for _ in WORD.finditer(text))
        parts.append(whole.part(first, first + count))
        first += count
    return parts
