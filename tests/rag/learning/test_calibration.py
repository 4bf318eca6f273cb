"""The threshold that a release learns from itself, kept beside it and answered by."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.memory.release import HashingEmbedder
from rag.bootstrap import calibrate_release, load_index_builders, open_release
from rag.domain import Answer, Message
from rag.learning.calibration import THRESHOLD, calibrate, read_calibration
from rag.releases.live import LiveCorpora
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import compose, make_release

TOPICS = [
    *("boats", "harbours", "whales", "tickets", "lamps"),
    *("winters", "ropes", "anchors", "pilots", "tides"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Ten documents about ten things, in real indexes."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.calibrate = calibrate_release
    for topic in TOPICS:
        facts = (
            f"# {topic} {n}\n\nThe {topic} of year {n} were counted by {topic}{n} keepers at dawn."
            for n in range(8)
        )
        corpus.write(f"{topic}.md", "\n\n".join(facts))
    return corpus


def test_a_release_learns_a_threshold_and_a_falling_curve(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read_calibration(corpus.folder.release(1), "")
    assert learned.samples >= 30
    assert 0 < learned.threshold < 1
    false = [point.false_answers for point in learned.curve]
    missed = [point.missed_answers for point in learned.curve]
    assert false == sorted(false, reverse=True)
    assert missed == sorted(missed)
    release = open_release(corpus.folder.release(1))
    assert release.threshold == learned.threshold
    assert calibrate(release, HashingEmbedder()) == learned
    release.close()


def test_a_small_change_and_a_rebuild_keep_what_was_learned(corpus: SmallCorpus) -> None:
    corpus.add()
    learned = read_calibration(corpus.folder.release(1), "")
    corpus.write("new.md", "# New\n\nSeals rest on the northern rocks.\n")
    corpus.add()
    loads = corpus.loads
    corpus.rebuild()
    assert read_calibration(corpus.folder.release(2), "") == learned
    assert read_calibration(corpus.folder.release(3), "") == learned
    assert corpus.loads == loads


def test_too_few_chunks_teach_nothing() -> None:
    learned = calibrate(make_release(), HashingEmbedder())
    assert (learned.threshold, learned.curve) == (THRESHOLD, ())


@pytest.mark.parametrize("content", [None, "", "{}", '{"threshold": "x"}', "[]"])
def test_a_calibration_that_cannot_be_read_is_the_prior_one(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "calibration.json").write_text(content)
    assert read_calibration(tmp_path, "").threshold == THRESHOLD


@pytest.mark.parametrize(
    ("threshold", "setting", "status"),
    [(0.0, None, "answered"), (1.01, None, "abstained"), (1.01, 0.0, "answered")],
)
def test_the_learned_threshold_holds_where_no_setting_does(
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
