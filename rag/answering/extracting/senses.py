"""How near the words and the sense of a candidate are to those of a question, by an embedder.

A question and its answer seldom share all their words: "gone" is asked for where "expire" is said.
Each word is embedded alone, so that a corpus has few of them to read, and remembers them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from rag.answering.extracting.candidates import Candidate
from rag.answering.extracting.quotable import Unit, plain
from rag.ports import Embedder, Vectors
from rag.retrieval.confidence import Signals

WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
UNLIKE = 0.35  # chosen: two words of English that have nothing to do with each other
TEXTS_REMEMBERED = 8192  # chosen: some ten megabytes
AS_NEAR = 0.02  # chosen: what counts as the best match of a word as well


def full_text(name: str, unit: Unit) -> str:
    """A unit with all that says what it is about: document, headings, lead-in and columns."""
    lead = unit.before.text if unit.before and unit.before.kind == "lead-in" else ""
    path = " > ".join(unit.heading)
    return ". ".join(filter(None, (name, path, plain(lead).rstrip(":"), _said(unit))))


def list_texts(name: str, unit: Unit) -> list[str]:
    """All that is embedded of a unit of a document of that name: its words, itself, all of it."""
    full = full_text(name, unit)
    return [*_words(full), *_words(unit.text), full, plain(unit.text)]


def compare_words(
    terms: Mapping[str, float],
    asked: Sequence[str],
    candidates: Sequence[Candidate],
    analyze: Callable[[str], frozenset[str]],
    embedder: Embedder,
) -> list[Signals]:
    """How well the words of each candidate match those of the question, weighed by their terms.

    Words with a term in common are the same word, whatever the embedder makes of them.
    *alike*: of the unit with all that it needs to be understood; *alike alone*: of the unit. Each
    is the mean, in deviations from that of all candidates, as are the mean above what any two
    words have (`above`) and of the third powers (`cubed`); `best` is the share of the words that
    no other candidate matches better.
    """
    words = dict.fromkeys(_words(" ".join(asked)))
    weights = {word: sum(terms.get(term, 0.0) for term in analyze(word)) for word in words}
    wanted = [word for word, weight in weights.items() if weight > 0]
    if not wanted or not candidates:
        return [dict.fromkeys(NAMES, 0.0) for _ in candidates]
    texts = [_words(full_text(each.source.name, each.unit)) for each in candidates]
    alone = [_words(each.unit.text) for each in candidates]
    places = {
        word: at for at, word in enumerate(sorted({w for each in (*texts, *alone) for w in each}))
    }
    vectors = embedder.embed_documents([*wanted, *places])
    cosines = vectors[: len(wanted)] @ vectors[len(wanted) :].T
    for row, word in zip(cosines, wanted, strict=True):
        own = analyze(word)
        row[[at for other, at in places.items() if not own.isdisjoint(analyze(other))]] = 1.0
    share = np.array([weights[word] for word in wanted], dtype=np.float32)
    share /= share.sum()
    found: list[Signals] = [{} for _ in candidates]
    for name, said in (("alike", texts), ("alike alone", alone)):
        nearest = np.stack([_nearest(cosines, [places[word] for word in each]) for each in said])
        for kind, values in _summarize(nearest, share).items():
            for signals, value in zip(found, values, strict=True):
                signals[name + kind] = float(value)
    return found


def compare_meanings(
    asked: Sequence[str], candidates: Sequence[Candidate], embedder: Embedder
) -> list[Signals]:
    """How near each candidate's sense is to the question's, in full and alone.

    In deviations from their mean, which is the same scale for every embedder.
    """
    full = (full_text(each.source.name, each.unit) for each in candidates)
    alone = (plain(each.unit.text) for each in candidates)
    question = embedder.embed_queries(list(dict.fromkeys(asked))).mean(axis=0)
    cosines = embedder.embed_documents([*full, *alone]) @ question
    meanings = _standardize(cosines[: len(candidates)])
    apart = _standardize(cosines[len(candidates) :])
    return [
        {"meaning": float(whole), "meaning alone": float(own)}
        for whole, own in zip(meanings, apart, strict=True)
    ]


KINDS = ("", " above", " cubed", " best")
NAMES = tuple(name + kind for name in ("alike", "alike alone") for kind in KINDS)


def _summarize(nearest: Vectors, share: Vectors) -> dict[str, Vectors]:
    above = np.clip((nearest - UNLIKE) / (1 - UNLIKE), 0, 1)
    return {
        "": _standardize(nearest @ share),
        " above": _standardize(above @ share),
        " cubed": _standardize(np.clip(nearest, 0, 1) ** 3 @ share),
        " best": (nearest >= nearest.max(axis=0) - AS_NEAR) @ share,
    }


def _nearest(cosines: Vectors, places: Sequence[int]) -> Vectors:
    """The best cosine of each word of the question among the words at these places."""
    nearest: Vectors = cosines[:, places].max(axis=1) if places else np.zeros_like(cosines[:, 0])
    return nearest


def _standardize(values: Vectors) -> Vectors:
    spread: Vectors = (values - values.mean()) / (float(values.std()) or 1.0)
    return spread


@lru_cache(maxsize=TEXTS_REMEMBERED)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in WORD.findall(plain(text)))


def _said(unit: Unit) -> str:
    """What a unit says; a row of a table with the name of each column."""
    if not unit.text.startswith("|") or len(unit.columns) != len(unit.cells):
        return plain(unit.text)
    named = zip(unit.columns, unit.cells, strict=True)
    return "; ".join(f"{column}: {cell}" for column, cell in named if cell)
