"""A release that somebody chose stays live until somebody chooses another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.runs import erasing, upkeep
from ingest.runs.adding import add, rebuild
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from rag.bootstrap import load_index_builders, open_release
from rag.errors import ReleaseNotFound, UsageError
from rag.releases.folder import FLOOR, HOLD, serving_order
from tests.ingest.corpora import SmallCorpus

GOOD, BAD = "# Fares\n\nA ticket is six crowns.\n", "# Fares\n\nA ticket is sixty crowns.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Two releases, the second of which somebody has rolled back."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.write("fares.md", GOOD)
    corpus.write("piers.md", "# Piers\n\nThe northern pier is of oak.\n")
    corpus.add()
    corpus.write("fares.md", BAD)
    corpus.add()
    upkeep.choose(corpus.folder, corpus.setup())
    assert corpus.folder.live() == 1
    return corpus


def run(corpus: SmallCorpus, *, resume: bool = False, build: bool = False) -> Report:
    setup = replace(corpus.setup(), resume=resume, build=build)
    return add(corpus.folder, scan([str(corpus.sources)]), setup)


def texts(corpus: SmallCorpus) -> str:
    """All that the live release holds."""
    release = open_release(corpus.folder.release(corpus.folder.live() or 0))
    try:
        ids = [each.id for each in release.documents.references()]
        return "\n".join(release.documents.document(id_).text for id_ in ids)
    finally:
        release.close()


@pytest.mark.parametrize("is_changed", [False, True], ids=["unchanged", "changed"])
def test_no_run_undoes_a_rollback(corpus: SmallCorpus, is_changed: bool) -> None:
    if is_changed:
        corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    for _ in range(2):
        report = run(corpus)
        assert (report.published, report.release, report.built) == (False, 1, None)
        assert "held at release 1 since 20" in report.held
        assert "release 1 was chosen over release 2" in report.held
    assert rebuild(corpus.folder, corpus.setup()).release == 1
    assert corpus.folder.numbers() == [1, 2]


def test_a_run_that_is_told_to_builds_and_leaves_what_is_live(corpus: SmallCorpus) -> None:
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    report = run(corpus, build=True)
    assert (report.published, report.release, report.built) == (False, 1, 3)
    assert upkeep.choose(corpus.folder, corpus.setup(), 3) is None
    assert (corpus.folder.live(), corpus.folder.hold()) == (3, None)
    assert not run(corpus).published


def test_a_run_that_is_told_to_resumes(corpus: SmallCorpus) -> None:
    corpus.write("fares.md", "# Fares\n\nA ticket is seven crowns.\n")
    report = run(corpus, resume=True)
    assert (report.published, report.release, report.held) == (True, 3, "")
    assert not (corpus.folder.path / HOLD).exists()
    corpus.write("fares.md", GOOD)
    assert run(corpus).release == 4


def test_resuming_with_what_is_live_ends_the_hold_alone(corpus: SmallCorpus) -> None:
    corpus.write("fares.md", GOOD)
    assert run(corpus).held
    report = run(corpus, resume=True)
    assert (report.published, report.release, report.held) == (False, 1, "")
    assert corpus.folder.hold() is None


def test_any_release_but_the_newest_holds_and_the_newest_ends_that(corpus: SmallCorpus) -> None:
    assert upkeep.choose(corpus.folder, corpus.setup(), 2) is None
    corpus.write("fares.md", "# Fares\n\nA ticket is seven crowns.\n")
    assert run(corpus).release == 3
    hold = upkeep.choose(corpus.folder, corpus.setup(), 2)
    assert hold and hold.why == "release 2 was chosen over release 3"
    assert upkeep.choose(corpus.folder, corpus.setup(), 2) == hold
    with pytest.raises(ReleaseNotFound):
        upkeep.choose(corpus.folder, corpus.setup(), 7)
    assert run(corpus).held


def test_what_was_rolled_back_never_serves_by_itself(corpus: SmallCorpus) -> None:
    assert serving_order(corpus.folder.path) == [1]
    (corpus.folder.path / "LIVE").unlink()
    assert serving_order(corpus.folder.path) == [1]
    assert run(corpus).held
    upkeep.choose(corpus.folder, corpus.setup(), 1)
    assert (corpus.folder.live(), bool(corpus.folder.hold())) == (1, True)


def test_a_hold_of_which_live_was_not_replaced_yet_holds_nothing(corpus: SmallCorpus) -> None:
    (corpus.folder.path / "LIVE").write_text("2\n")
    assert corpus.folder.hold() is None
    assert run(corpus).counts == {"unchanged": 2}


def test_a_hold_that_cannot_be_read_still_holds(corpus: SmallCorpus) -> None:
    (corpus.folder.path / HOLD).write_text("{")
    assert "cannot be read" in run(corpus).held
    assert run(corpus, resume=True).release == 2


def test_building_first_holds_what_is_live(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    corpus.write("fares.md", GOOD)
    with pytest.raises(UsageError, match="leave out --build"):
        run(corpus, build=True)
    corpus.add()
    corpus.write("fares.md", BAD)
    assert run(corpus, build=True).built == 2
    assert run(corpus, build=True).built == 2
    assert (run(corpus).release, corpus.folder.numbers()) == (1, [1, 2])


def test_an_erasure_keeps_what_somebody_chose(corpus: SmallCorpus) -> None:
    piers = str(corpus.sources / "piers.md")
    receipt = erasing.forget(corpus.folder, corpus.setup(), sources=[piers])
    assert (receipt.is_clean, receipt.release, corpus.folder.numbers()) == (True, 3, [3])
    assert texts(corpus) == GOOD
    hold = corpus.folder.hold()
    assert hold and (hold.release, hold.why) == (3, "release 1 was chosen over release 2")
    assert run(corpus).release == 3
    report = run(corpus, resume=True)
    assert (report.published, texts(corpus)) == (True, BAD)


def narrow(corpus: SmallCorpus) -> None:
    """A third release, in which only the board may read what all could read before."""
    corpus.write("piers.md.meta.json", json.dumps({"acl": ["board"]}))
    assert run(corpus, resume=True).release == 3


def test_no_release_in_which_more_may_read_is_chosen_unsaid(corpus: SmallCorpus) -> None:
    narrow(corpus)
    with pytest.raises(UsageError, match=r"piers.md: board -> public: say --widen"):
        upkeep.choose(corpus.folder, corpus.setup())
    assert (corpus.folder.live(), corpus.folder.hold()) == (3, None)
    upkeep.choose(corpus.folder, corpus.setup(widen=True))
    assert corpus.folder.live() == 2
    assert upkeep.choose(corpus.folder, corpus.setup(), 3) is None


def test_no_release_in_which_more_may_read_serves_by_itself(corpus: SmallCorpus) -> None:
    narrow(corpus)
    corpus.write("fares.md", GOOD)
    assert corpus.add().release == 4
    assert serving_order(corpus.folder.path) == [4, 3]
    (corpus.folder.path / "LIVE").unlink()
    assert serving_order(corpus.folder.path) == [4, 3]
    (corpus.folder.path / FLOOR).write_text("?")
    assert serving_order(corpus.folder.path) == []


def test_a_release_is_chosen_over_a_damaged_one_where_more_may_read(corpus: SmallCorpus) -> None:
    narrow(corpus)
    (corpus.folder.release(3) / "documents.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(UsageError, match="release 3 is damaged"):
        upkeep.choose(corpus.folder, corpus.setup(), 2)
    upkeep.choose(corpus.folder, corpus.setup(widen=True), 2)
    assert corpus.folder.live() == 2
