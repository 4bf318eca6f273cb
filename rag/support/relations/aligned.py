"""A claim's words beside those of the window that it is held against."""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rag.ports import Vectors
from rag.support.reading import Flags, ReadText

CLAUSE = re.compile(
    r"[.!?,;:()–—]|and|but|while|whereas|or|because|if|when|unless|who|which|though|although",
    re.I,
)
"""What begins a new clause, or another part of a list."""
SAME_SENSE = 0.55  # cosine from which a word stands for another; chosen
STEPS = {",": 4.0, ";": 4.0, ":": 4.0, ".": 8.0, "!": 8.0, "?": 8.0, "and": 2.0, "but": 2.0}
"""How far apart words stand: a comma parts more than a word does."""

Places = npt.NDArray[np.int64]


class Aligned:
    """Both texts as words, with the place in the window that is nearest to each of the claim's."""

    def __init__(self, claim: ReadText, window: Sequence[ReadText]) -> None:
        self.claim = claim
        self.text = " ".join(each.text for each in window)
        self.words = [word for each in window for word in each.words]
        self.stems = [s for each in window for s in each.stems]
        self.is_content: Flags = np.concatenate([each.is_content for each in window])
        self._starts = _starts(window)
        similar = claim.vectors @ np.concatenate([each.vectors for each in window]).T
        self.at: Places = similar.argmax(axis=1)
        self.similar: Vectors = similar.max(axis=1)
        said, source = _list_breaks(claim), [word for each in window for word in _list_breaks(each)]
        self.here, self.there = _place_words(said), _place_words(source)
        self.claimed_clauses, self.clauses = _number_clauses(said), _number_clauses(source)

    def find(self, start: int) -> int:
        """The number of the window's word at character `start` of its text."""
        return max(0, int(np.searchsorted(self._starts, start, side="right")) - 1)

    @cached_property
    def occurrences(self) -> list[list[int]]:
        """For each word of the claim where its stem stands, else the nearest word in sense."""
        found = []
        for at, stem in enumerate(self.claim.stems):
            places = [place for place, other in enumerate(self.stems) if other == stem]
            is_near = self.similar[at] > SAME_SENSE
            found.append(places or ([int(self.at[at])] if is_near else []))
        return found


def _list_breaks(text: ReadText) -> list[str]:
    """The words, and the marks that part them; of a mark within a number or a code nothing."""
    return [
        word if word.isalnum() or not text.text[span.end : span.end + 1].isalnum() else ""
        for word, span in zip(text.words, text.spans, strict=True)
    ]


def _number_clauses(words: Sequence[str]) -> Places:
    """For each word the number of its clause."""
    return np.cumsum([CLAUSE.fullmatch(word) is not None for word in words])


def _place_words(words: Sequence[str]) -> Vectors:
    """How far from the first word each stands."""
    steps = [STEPS.get(word.lower(), 1.0 if word.isalnum() else 0.0) for word in words]
    return np.cumsum(np.array(steps, dtype=np.float32))


def _starts(window: Sequence[ReadText]) -> Vectors:
    """Where each word begins in the units' texts joined by spaces."""
    starts, offset = [], 0
    for each in window:
        starts += [offset + span.start for span in each.spans]
        offset += len(each.text) + 1
    return np.array(starts, dtype=np.float32)
