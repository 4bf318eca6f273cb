"""A damaged release never serves wrongly: its vectors are searched exactly, or the one before."""

import filecmp
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.corpus.folder import CorpusFolder
from rag.adapters.indexes.exact import ExactVectors
from rag.bootstrap import load_index_builders, open_probed_release, open_release
from rag.errors import ReleaseBroken
from rag.releases.folder import probe
from rag.releases.live import LiveCorpora
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import compose

pytestmark = pytest.mark.slow

QUESTION = "How many people does the boat of pier 17 carry?"


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES: list[Callable[[Path], None]] = [truncate, zero, Path.unlink]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> CorpusFolder:
    """A corpus with two sound releases, which differ in one document."""
    corpus = SmallCorpus(tmp_path_factory.mktemp("sound"))
    corpus.engines = load_index_builders
    corpus.exact_up_to = 0
    for number in range(40):
        corpus.write(f"{number:02}.md", f"The boat of pier {number} carries {number * 7} people.\n")
    corpus.add()
    corpus.write("new.md", "Whales are seen in spring.\n")
    corpus.add()
    return corpus.folder


@pytest.fixture
def folder(sound: CorpusFolder, tmp_path: Path) -> CorpusFolder:
    """A copy of it that may be damaged."""
    copy = tmp_path / "data" / "corpora" / "small"
    shutil.copytree(sound.path, copy)
    return CorpusFolder(copy)


def served(folder: CorpusFolder) -> tuple[int, str, str]:
    """Which release answers a search, with which text first, and what is said to be wrong."""
    data = folder.path.parent.parent
    corpora = LiveCorpora(data, open_probed_release)
    problems = corpora.refresh()
    plumbline = compose(corpora)
    result = plumbline.search(QUESTION, corpus="small")
    plumbline.close()
    return result.release, result.hits[0].chunk.text, str(problems.get("small", ""))


def test_an_undamaged_release_serves_without_an_alarm(folder: CorpusFolder) -> None:
    assert served(folder) == (2, "The boat of pier 17 carries 119 people.", "")


@pytest.fixture
def probing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no second process open a release that a first one has opened and found sound."""
    sound = set()

    def probe_once(release: Path, *, thorough: bool) -> None:
        if release not in sound:
            probe(release, thorough=thorough)
            sound.add(release)

    monkeypatch.setattr("rag.bootstrap.probe", probe_once)


@pytest.mark.usefixtures("probing_once")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_any_file_leaves_right_answers_and_an_alarm(
    folder: CorpusFolder, damage: Callable[[Path], None]
) -> None:
    live = folder.release(2)
    names = sorted(path.relative_to(live) for path in live.rglob("*") if path.is_file())
    assert len(names) > 10
    kept = folder.path / "kept"
    shutil.copytree(live, kept)
    for name in names:
        damage(live / name)
        is_same = (live / name).exists() and filecmp.cmp(live / name, kept / name, shallow=False)
        if is_same or name.suffix == ".lock":
            continue
        number, text, problem = served(folder)
        assert text == "The boat of pier 17 carries 119 people."
        assert number == (2 if name.parts[0] == "chroma" else 1), name
        assert problem
        shutil.copy2(kept / name, live / name)
    assert served(folder)[0] == 2


def test_without_its_vector_index_a_release_is_searched_exactly(folder: CorpusFolder) -> None:
    shutil.rmtree(folder.release(2) / "chroma")
    release = open_release(folder.release(2))
    assert isinstance(release.vectors, ExactVectors)
    assert "python -m ingest rebuild" in release.alarm
    release.close()


def test_an_index_that_ends_the_process_that_opens_it_is_not_opened(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(release: Path, *, thorough: bool) -> None:
        raise ReleaseBroken(f"{release} failed its verification: exit code -11")

    monkeypatch.setattr("rag.bootstrap.probe", die)
    release = open_probed_release(folder.release(2))
    assert isinstance(release.vectors, ExactVectors)
    assert "exit code -11" in release.alarm
    release.close()


@pytest.mark.parametrize("content", [None, "", "garbage", "99\n"])
def test_a_lost_live_file_leaves_the_newest_sound_release_serving(
    folder: CorpusFolder, content: str | None
) -> None:
    live = folder.path / "LIVE"
    live.unlink() if content is None else live.write_text(content)
    number, _, problem = served(folder)
    assert number == 2
    assert problem


def test_with_no_sound_release_left_the_corpus_says_why(folder: CorpusFolder) -> None:
    for number in (1, 2):
        (folder.release(number) / "documents.db").unlink()
    with pytest.raises(ReleaseBroken, match=r"documents\.db is damaged or missing: run `python -m"):
        served(folder)


def test_a_new_release_is_followed_after_a_fallback(folder: CorpusFolder, tmp_path: Path) -> None:
    data = folder.path.parent.parent
    truncate(folder.release(2) / "documents.db")
    corpora = LiveCorpora(data, open_release)
    assert "small" in corpora.refresh()
    with corpora.hold("small") as held:
        assert held.manifest.release == 1
    (folder.path / "LIVE").write_text("1\n")
    assert corpora.refresh() == {}
    corpora.close()
