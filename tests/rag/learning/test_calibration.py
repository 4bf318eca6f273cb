"""What a release learns of its confidence: how often it errs, and the scale of its cosines."""

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding.weights import MINILM, fingerprint_of
from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.bootstrap import calibrate_release, load_index_builders, open_release
from rag.domain import Answer, Message
from rag.learning.calibration import (
    THRESHOLD,
    Calibration,
    calibrate,
    find_scale,
    read_calibration,
)
from rag.ports import Embedder, Vectors
from rag.releases.embedders import vector_space
from rag.releases.folder import CALIBRATION, CALIBRATION_METHOD, OpenRelease
from rag.releases.live import LiveCorpora
from rag.retrieval.confidence import load_coefficients
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import compose, make_documents, make_release, search

TOPICS = [
    *("boats", "harbours", "whales", "tickets", "lamps"),
    *("winters", "ropes", "anchors", "pilots", "tides"),
]
TEXTS = {
    f"{topic}.md": "\n\n".join(
        f"# {topic} {n}\n\nThe {topic} of year {n} were counted by {topic}{n} keepers at dawn."
        for n in range(8)
    )
    for topic in TOPICS
}
HASHING = HashingEmbedder.fingerprint
QUESTIONS = [
    *("whales of year 3", "Who counted the ropes of year 5 at dawn?", "lamps4 keepers"),
    *("Which quark did the collider see?", "pilots and tides", "how many anchors at dusk"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Ten documents about ten things, in real indexes."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.calibrate = calibrate_release
    for name, text in TEXTS.items():
        corpus.write(name, text)
    return corpus


def read(corpus: SmallCorpus, number: int) -> Calibration:
    return read_calibration(corpus.folder.release(number), HASHING)


def test_a_release_learns_how_often_it_errs_on_each_kind_of_question(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read(corpus, 1)
    assert learned.samples >= 30
    assert learned.rates.keys() == {"words", "rephrased"}
    for rates in learned.rates.values():
        assert rates.threshold == THRESHOLD
        assert 0 <= rates.false_answers <= 1
    assert learned.rates["words"].missed_answers < learned.rates["rephrased"].missed_answers
    release = open_release(corpus.folder.release(1))
    assert (release.threshold, release.closeness) == (learned.threshold, learned.closeness)
    assert calibrate(release, HashingEmbedder()) == learned
    release.close()


def test_a_higher_threshold_answers_less_of_both(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read(corpus, 1)
    false = [point.false_answers for point in learned.curve]
    missed = [point.missed_answers for point in learned.curve]
    assert false == sorted(false, reverse=True)
    assert missed == sorted(missed)
    assert false[0] > false[-1]
    assert missed[-1] > missed[0]


def test_what_a_release_learns_does_not_move_its_threshold(corpus: SmallCorpus) -> None:
    corpus.add()
    many = read(corpus, 1)
    copies = make_release(texts=dict.fromkeys(TEXTS, TEXTS["whales.md"]))
    one = calibrate(copies, HashingEmbedder())
    assert one.rates["words"].missed_answers > many.rates["words"].missed_answers + 0.5
    assert one.threshold == many.threshold == THRESHOLD


class Shrunk(HashingEmbedder):
    """Its cosines are `factor` times as large as those of the other, and `offset` larger."""

    def __init__(self, factor: float, offset: float) -> None:
        self._factor = factor
        self._offset = offset
        self.fingerprint = f"shrunk@{factor}"

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, two dimensions more."""
        return self._widen(texts, math.sqrt(1 - self._factor - self._offset), 0.0)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, two dimensions more."""
        return self._widen(texts, 0.0, math.sqrt(1 - self._factor - self._offset))

    def _widen(self, texts: Sequence[str], *others: float) -> Vectors:
        vectors = super().embed_documents(texts) * math.sqrt(self._factor)
        more = np.tile([math.sqrt(self._offset), *others], (len(texts), 1))
        return np.hstack([vectors, more]).astype(np.float32)


def make_learned(embedder: Embedder) -> OpenRelease:
    documents, chunks = make_documents(TEXTS)
    made = memory_release("small", 1, documents=documents, chunks=chunks, embedder=embedder)
    return replace(made, closeness=calibrate(made, embedder).closeness)


@pytest.mark.parametrize(("factor", "offset"), [(0.5, 0.0), (0.4, 0.5)])
def test_an_unknown_embedder_is_as_sure_as_one_with_other_cosines(
    factor: float, offset: float
) -> None:
    plain, shrunk = HashingEmbedder(), Shrunk(factor, offset)
    vectors = shrunk.embed_queries(QUESTIONS) @ shrunk.embed_documents(QUESTIONS).T
    known = plain.embed_queries(QUESTIONS) @ plain.embed_documents(QUESTIONS).T
    assert vectors == pytest.approx(factor * known + offset, abs=1e-5)
    release, other = make_learned(plain), make_learned(shrunk)
    assert release.closeness is not None
    assert other.closeness is not None
    assert other.closeness[1] == pytest.approx(release.closeness[1] / factor, rel=1e-3)
    for mode in ("hybrid", "dense"):
        sure = [
            [search(q, made, mode, embedder=embedder).confidence for q in QUESTIONS]
            for made, embedder in ((release, plain), (other, shrunk))
        ]
        assert sure[1] == pytest.approx(sure[0], abs=1e-3)
        assert max(sure[0]) - min(sure[0]) > 0.1


def test_the_scale_of_made_questions_gives_them_the_closeness_that_was_learned_from() -> None:
    own, foreign = load_coefficients().made
    offset, factor = find_scale(0.9, 0.5)
    assert offset + factor * 0.9 == pytest.approx(own)
    assert offset + factor * 0.5 == pytest.approx(foreign)
    assert find_scale(own, foreign) == pytest.approx((0.0, 1.0))
    flat = find_scale(0.5, 0.5)
    assert math.isfinite(flat[1])
    assert flat[0] + flat[1] * 0.5 == pytest.approx(own)


def test_a_known_embedder_keeps_its_scale_where_nothing_was_learned(tmp_path: Path) -> None:
    fingerprint = fingerprint_of(MINILM, "fp32")
    scale = load_coefficients().scales[vector_space(fingerprint)]
    assert read_calibration(tmp_path, fingerprint).closeness == scale
    assert read_calibration(tmp_path, HASHING).closeness is None


def test_what_an_older_method_learned_is_learned_anew_by_a_rebuild(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read(corpus, 1)
    path = corpus.folder.release(1) / CALIBRATION
    old = json.loads(path.read_text())
    assert old["method"] == CALIBRATION_METHOD
    path.write_text(json.dumps(old | {"method": "of before", "samples": 7, "threshold": 0.99}))
    assert read(corpus, 1).samples == 0
    assert read(corpus, 1).threshold == THRESHOLD
    corpus.rebuild()
    assert json.loads((corpus.folder.release(2) / CALIBRATION).read_text()) == old
    assert read(corpus, 2) == learned


def test_a_small_change_and_a_rebuild_keep_what_was_learned(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read(corpus, 1)
    corpus.write("new.md", "# New\n\nSeals rest on the northern rocks.\n")
    corpus.add()
    loads = corpus.loads
    corpus.rebuild()
    assert read(corpus, 2) == learned
    assert read(corpus, 3) == learned
    assert corpus.loads == loads


def test_too_few_chunks_teach_nothing() -> None:
    learned = calibrate(make_release(), HashingEmbedder())
    assert (learned.threshold, learned.rates, learned.curve) == (THRESHOLD, {}, ())
    assert learned.closeness is None


FIELDS: dict[str, object] = {
    "threshold": 0.9,
    "samples": 40,
    "closeness": None,
    "rates": {},
    "curve": [],
}
CHANGES: list[dict[str, object]] = [
    {"method": "of before"},
    {"threshold": "x"},
    {"closeness": [1]},
    {"rates": []},
    {"curve": [{"x": 1}]},
]
UNREADABLE = [
    *(None, "", "{}", "[]", json.dumps(FIELDS)),
    *(json.dumps(FIELDS | {"method": CALIBRATION_METHOD} | changed) for changed in CHANGES),
]


@pytest.mark.parametrize("content", UNREADABLE)
def test_a_calibration_that_cannot_be_read_teaches_nothing(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "calibration.json").write_text(content)
    assert read_calibration(tmp_path, "") == Calibration(THRESHOLD, 0, None, {}, ())


@pytest.mark.parametrize(
    ("threshold", "setting", "status"),
    [(0.0, None, "answered"), (1.01, None, "abstained"), (1.01, 0.0, "answered")],
)
def test_the_threshold_of_a_release_holds_where_no_setting_does(
    corpus: SmallCorpus, threshold: float, setting: float | None, status: str
) -> None:
    corpus.add()
    corpora = LiveCorpora(
        corpus.folder.path.parent.parent,
        lambda folder: replace(open_release(folder), threshold=threshold),
    )
    plumbline = compose(corpora, min_confidence=setting)
    question = [Message("user", "Who counted the whales of year 3?")]

    async def ask() -> Answer:
        items = [item async for item in plumbline.answer(question, corpus="small")]
        assert isinstance(items[-1], Answer)
        return items[-1]

    assert asyncio.run(ask()).status == status
    plumbline.close()
