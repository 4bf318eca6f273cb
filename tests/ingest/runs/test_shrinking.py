"""A corpus never loses much at once by itself."""

import shutil
from pathlib import Path

import pytest

from ingest.runs.adding import rebuild, remove
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus of nine documents in two folders, some of them with the same text."""
    corpus = SmallCorpus(tmp_path)
    for number in range(9):
        corpus.write(f"{'ab'[number % 2]}/{number}.md", f"Text number {number // 3}.")
    corpus.add()
    return corpus


def count(corpus: SmallCorpus) -> object:
    return release_rows(corpus, "SELECT count(*) FROM documents")[0][0]


def test_a_third_may_go_and_more_is_held_until_it_is_allowed(corpus: SmallCorpus) -> None:
    for number in (0, 2, 4):
        (corpus.sources / "a" / f"{number}.md").unlink()
    assert (corpus.add().shrunk, count(corpus)) == ((), 6)
    for number in (1, 3, 5):
        (corpus.sources / "b" / f"{number}.md").unlink()
    for _ in range(2):
        report = corpus.add()
        assert (report.exit_code, report.published, count(corpus)) == (1, False, 6)
        [shrunk] = report.shrunk
        assert (shrunk.root, shrunk.gone, shrunk.documents) == (corpus.sources.as_uri(), 3, 6)
        assert shrunk.named == ("b/1.md", "b/3.md", "b/5.md")
    report = corpus.add(allow_shrink=True)
    assert (report.exit_code, report.published, count(corpus)) == (0, True, 3)


def test_files_that_come_back_end_it(corpus: SmallCorpus, tmp_path: Path) -> None:
    shutil.move(corpus.sources / "a", tmp_path / "aside")
    assert corpus.add().shrunk
    shutil.move(tmp_path / "aside", corpus.sources / "a")
    report = corpus.add()
    assert (report.exit_code, report.shrunk, count(corpus)) == (0, (), 9)


def test_a_folder_that_is_renamed_is_not_gone(corpus: SmallCorpus) -> None:
    (corpus.sources / "a").rename(corpus.sources / "z")
    assert (corpus.add().shrunk, count(corpus)) == ((), 9)


def test_files_that_are_emptied_or_broken_are_gone(corpus: SmallCorpus) -> None:
    for number in (0, 2):
        corpus.write(f"a/{number}.md", "")
    for number in (1, 3):
        corpus.write(f"b/{number}.md", b"%PDF-")
    report = corpus.add()
    assert [(each.gone, each.documents) for each in report.shrunk] == [(4, 9)]


def test_a_release_of_nothing_is_not_published(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", "Some text.")
    corpus.add()
    corpus.write("a.md", "")
    assert [(each.gone, each.documents) for each in corpus.add().shrunk] == [(1, 1)]
    assert count(corpus) == 1


def test_what_somebody_removes_is_not_missed_and_lets_nothing_else_go(
    corpus: SmallCorpus, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for number in range(3):
        (other / f"{number}.md").write_text(f"Other text {number}.")
    corpus.add(other)
    for number in range(2):
        (other / f"{number}.md").unlink()
    assert corpus.add(other).shrunk
    report = remove(corpus.folder, [str(corpus.sources / "a" / "0.md")], corpus.setup())
    assert [each.root for each in report.shrunk] == [other.as_uri()]
    assert rebuild(corpus.folder, corpus.setup()).shrunk
    assert count(corpus) == 12
    everything = [str(other), str(corpus.sources)]
    report = remove(corpus.folder, everything, corpus.setup())
    assert (report.shrunk, count(corpus)) == ((), 0)
