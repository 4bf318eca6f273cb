"""BM25 over a part of a release as if there were nothing else: its words are counted by themselves.

An index of the whole weighs a word by how many chunks hold it, so its scores would tell of the
words of documents that a reader may not see. Here the terms of every chunk are counted once, when
somebody who may see only a part asks first, and each part is weighed by its own chunks alone.
"""

import math
import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count, islice, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.adapters.indexes.unknown_words import Analyze, QuestionReader
from rag.ports import Ranking, Rows, Subset

K1, B = 1.2, 0.75  # BM25 as tantivy has it
EXACT_LENGTHS = 40  # as tantivy has it: longer texts are rounded
BLOCK = 10_000  # chosen: texts read at once, some megabytes
CACHED_PARTS = 32  # chosen: groups of readers whose words stay counted
MOST_COUNTED = 65_535  # the largest uint16
ROW_BITS = 32  # a term in the upper half of 64 bits, a row in the lower
Numbers = npt.NDArray[np.float64]


class ChunkWords(NamedTuple):
    """What is counted of a chunk: its row in `vectors.npy`, its document, and its text."""

    row: int
    id: str
    document_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """How often each term stands in each chunk, the chunks by their rows.

    The chunks that hold term `n` are `rows[starts[n] : starts[n + 1]]`, ascending, and `counts`
    says how often. `follows` is true of a row whose row before is of the same document; it has one
    more, of no chunk.
    """

    ids: list[str]
    follows: npt.NDArray[np.bool_]
    lengths: Rows
    terms: dict[str, int]
    starts: Rows
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]

    def find(self, term: str) -> tuple[Rows, Numbers]:
        """The rows of the chunks that hold `term`, and how often they do."""
        place = self.terms.get(term)
        if place is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        found = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return self.rows[found].astype(np.int64), self.counts[found].astype(np.float64)

    def find_beside(self, term: str) -> tuple[Rows, Numbers]:
        """As `find`, each chunk read together with the chunks beside it."""
        rows, counts = self.find(term)
        summed = np.zeros(len(self.ids))
        summed[rows] = counts
        after, before = self.follows[rows], self.follows[rows + 1]
        summed[rows[after] - 1] += counts[after]
        summed[rows[before] + 1] += counts[before]
        touched = np.flatnonzero(summed > 0)
        return touched, summed[touched]

    def lengths_beside(self) -> Rows:
        """The terms of each chunk together with those of the chunks beside it."""
        summed = self.lengths.copy()
        after = np.flatnonzero(self.follows)
        summed[after] += self.lengths[after - 1]
        summed[after - 1] += self.lengths[after]
        return summed


Find = Callable[[str], tuple[Rows, Numbers]]


class CountedWords:
    """The words of a release, counted when a part of it is searched first; safe between threads."""

    def __init__(
        self, chunks: Callable[[], Iterable[ChunkWords]], analyze: Analyze, language: str
    ) -> None:
        self.analyze = analyze
        self.language = language
        self.part = lru_cache(maxsize=CACHED_PARTS)(self._part)
        self._chunks = chunks
        self._lock = threading.Lock()
        self._table: Table | None = None

    def _part(self, subset: Subset) -> "CountedPart":
        return CountedPart(self, subset)

    def table(self) -> Table:
        """All counts."""
        with self._lock:
            if self._table is None:
                self._table = _count(self._chunks(), self.analyze)
            return self._table


class CountedPart:
    """BM25 over the chunks of `subset`, as a lexical index of these alone would have it."""

    def __init__(self, words: CountedWords, subset: Subset) -> None:
        self.analyze = words.analyze
        self._words = words
        self._subset = subset
        self._reader = QuestionReader(words.analyze, words.language, self._count, self._vocabulary)

    @cached_property
    def _own(self) -> "_Field":
        table = self._words.table()
        return _Field(table.find, self._subset.rows, table.lengths)

    @cached_property
    def _context(self) -> "_Field":
        table = self._words.table()
        return _Field(table.find_beside, self._subset.rows, table.lengths_beside())

    def term_weights(self, text: str) -> dict[str, float]:
        """BM25's inverse document frequency of each distinct term, highest for unknown ones."""
        shares = self._reader.shares(text)
        return {term: share * self._own.find(term)[0] for term, share in shares.items()}

    def readings(self, text: str) -> dict[str, tuple[str, ...]]:
        """What the terms of `text` that no chunk holds are read as: the nearest that some do."""
        return {term: reading.terms for term, reading in self._reader.read(text).items()}

    def unknown_terms(self, text: str) -> list[str]:
        """The terms of `text` that no chunk holds, whatever they are read as."""
        return self._reader.unknown(text)

    def search(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """The `limit` best chunks by BM25 over the words of `text`, ties in order of id."""
        return self._best(self._own.score(self._reader.shares(text)), limit, subset)

    def search_context(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """As `search`, each chunk read together with the chunks beside it."""
        return self._best(self._context.score(self._reader.shares(text)), limit, subset)

    def part(self, subset: Subset) -> "CountedPart":
        """What of these chunks is in `subset`, alone."""
        rows = np.intersect1d(self._subset.rows, subset.rows)
        return CountedPart(self._words, Subset(self._subset.documents & subset.documents, rows))

    @cached_property
    def _counts(self) -> Rows:
        """How many of these chunks hold each term of the table."""
        table = self._words.table()
        is_in = np.zeros(len(table.ids), dtype=bool)
        is_in[self._subset.rows] = True
        if not table.terms:
            return np.empty(0, dtype=np.int64)
        counts: Rows = np.add.reduceat(is_in[table.rows], table.starts[:-1], dtype=np.int64)
        return counts

    def _count(self, term: str) -> int:
        place = self._words.table().terms.get(term)
        return 0 if place is None else int(self._counts[place])

    def _vocabulary(self) -> Iterable[tuple[str, int]]:
        return zip(self._words.table().terms, self._counts.tolist(), strict=True)

    def _best(self, scores: Numbers, limit: int, subset: Subset | None) -> Ranking:
        rows = (
            np.flatnonzero(scores > 0) if subset is None else subset.rows[scores[subset.rows] > 0]
        )
        if limit < len(rows):
            least = np.partition(scores[rows], -limit)[-limit]
            rows = rows[scores[rows] >= least]
        ids = self._words.table().ids
        ranking = [(ids[row], float(scores[row])) for row in rows]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))[:limit]


class _Field:
    """Some chunks by their rows, as they are read alone or with those beside them."""

    def __init__(self, find: Find, rows: Rows, lengths: Rows) -> None:
        self._find = find
        self._chunks = len(rows)
        self._is_in = np.zeros(len(lengths), dtype=bool)
        self._is_in[rows] = True
        mean = float(lengths[rows].mean()) if len(rows) else 1.0
        self._norms = K1 * (1 - B + B * _round_down(lengths) / (mean or 1.0))

    def find(self, term: str) -> tuple[float, Rows, Numbers]:
        """How much `term` weighs here, the rows that hold it, and how often they do."""
        rows, counts = self._find(term)
        is_in = self._is_in[rows]
        rows, counts = rows[is_in], counts[is_in]
        return math.log(1 + (self._chunks - len(rows) + 0.5) / (len(rows) + 0.5)), rows, counts

    def score(self, shares: Mapping[str, float]) -> Numbers:
        """BM25 of every row, 0 where it holds none of the terms, each with a share of it."""
        scores = np.zeros(len(self._is_in))
        for term, share in shares.items():
            weight, rows, counts = self.find(term)
            scores[rows] += share * weight * (K1 + 1) * counts / (counts + self._norms[rows])
        return scores


def _count(chunks: Iterable[ChunkWords], analyze: Analyze) -> Table:
    places: dict[str, int] = defaultdict(count().__next__)
    kept: list[tuple[int, str, str, int]] = []
    blocks = []
    left = iter(chunks)
    while block := list(islice(left, BLOCK)):
        found, sizes = array("q"), array("q")
        for chunk in block:
            terms = [places[term] for term in analyze(chunk.text)]
            found.extend(terms)
            sizes.append(len(terms))
            kept.append((chunk.row, chunk.id, chunk.document_id, len(terms)))
        rows = np.repeat([chunk.row for chunk in block], sizes)
        keys = np.frombuffer(found, dtype=np.int64) << ROW_BITS | rows
        blocks.append(np.unique(keys, return_counts=True))
    return _arrange(kept, dict(places), blocks)


def _arrange(
    chunks: list[tuple[int, str, str, int]],
    places: dict[str, int],
    blocks: list[tuple[Rows, Rows]],
) -> Table:
    keys = np.concatenate([np.empty(0, dtype=np.int64), *(keys for keys, _ in blocks)])
    counts = np.concatenate([np.empty(0, dtype=np.int64), *(counts for _, counts in blocks)])
    order = np.argsort(keys)
    terms = keys[order] >> ROW_BITS
    size = max((row for row, _, _, _ in chunks), default=-1) + 1
    ids, documents = [""] * size, [""] * size
    lengths = np.zeros(size, dtype=np.int64)
    for row, id_, document, length in chunks:
        ids[row], documents[row], lengths[row] = id_, document, length
    follows = [bool(one) and one == other for one, other in pairwise(documents)]
    return Table(
        ids=ids,
        follows=np.array([False, *follows, False][: size + 1]),
        lengths=lengths,
        terms=places,
        starts=np.searchsorted(terms, np.arange(len(places) + 1)),
        rows=(keys[order] & ((1 << ROW_BITS) - 1)).astype(np.int32),
        counts=np.minimum(counts[order], MOST_COUNTED).astype(np.uint16),
    )


def _length_steps() -> Rows:
    """The lengths that tantivy tells apart: all up to 40, then eight of each doubled step."""
    steps = list(range(EXACT_LENGTHS + 1))
    for step in range(1, 26):
        steps += [steps[-1] + (1 << step) * place for place in range(1, 9)]
    return np.array(steps)


LENGTHS = _length_steps()


def _round_down(lengths: Rows) -> Rows:
    """Lengths as tantivy keeps them, so that its scores of the part alone would be these."""
    rounded: Rows = LENGTHS[np.searchsorted(LENGTHS, lengths, side="right") - 1]
    return rounded
