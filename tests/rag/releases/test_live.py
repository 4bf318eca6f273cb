"""Live releases: swapped under load, closed when their last request is done."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.memory.release import MemoryVectorIndex
from rag.errors import CorpusNotFound, InvalidCorpusName, ReleaseBroken, ReleaseNotFound
from rag.releases.folder import FLOOR, OpenRelease, release_folder
from rag.releases.live import LiveCorpora
from tests.small_corpus import make_data_folder, make_plumbline, make_release


class Opener:
    """Opens in-memory releases and keeps count of what is open."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.broken: set[int] = set()

    def __call__(self, folder: Path) -> OpenRelease:
        number = int(folder.name)
        if number in self.broken:
            raise ReleaseBroken(f"release {number} is broken")
        self.open.append(number)
        release = make_release(number)
        opener = self

        class Vectors(MemoryVectorIndex):
            def close(self) -> None:
                opener.open.remove(number)

        vectors = Vectors([], release.vectors._vectors)  # type: ignore[attr-defined]  # the fake's own array
        return replace(release, vectors=vectors)


@pytest.fixture
def opener() -> Opener:
    return Opener()


def test_a_request_keeps_its_release_and_the_old_one_closes_after_it(
    tmp_path: Path, opener: Opener
) -> None:
    make_data_folder(tmp_path, live=1)
    corpora = LiveCorpora(tmp_path, opener)
    with corpora.hold("small") as old:
        make_data_folder(tmp_path, live=2)
        corpora.refresh()
        assert opener.open == [1, 2]
        assert old.manifest.release == 1
        with corpora.hold("small") as new:
            assert new.manifest.release == 2
    assert opener.open == [2]
    corpora.close()
    assert opener.open == []


def test_a_release_that_cannot_be_opened_leaves_the_old_one_serving(
    tmp_path: Path, opener: Opener
) -> None:
    make_data_folder(tmp_path, live=1)
    corpora = LiveCorpora(tmp_path, opener)
    corpora.refresh()
    opener.broken.add(2)
    make_data_folder(tmp_path, live=2)
    assert isinstance(corpora.refresh()["small"], ReleaseBroken)
    with corpora.hold("small") as held:
        assert held.manifest.release == 1


def test_a_broken_corpus_and_a_stray_folder_do_not_hold_up_the_others(
    tmp_path: Path, opener: Opener
) -> None:
    make_data_folder(tmp_path, live=1)
    for name, live in (("aaa", "7"), ("Not A Corpus", "1")):
        broken = tmp_path / "corpora" / name / "releases" / f"{int(live):06d}"
        broken.mkdir(parents=True)
        (broken / "manifest.json").write_text("{}")
        (tmp_path / "corpora" / name / "LIVE").write_text(live)
    opener.broken.add(7)
    corpora = LiveCorpora(tmp_path, opener)
    assert set(corpora.refresh()) == {"aaa"}
    assert [manifest.corpus for manifest in corpora.manifests()] == ["small"]


def test_a_retained_release_is_opened_for_one_request(tmp_path: Path, opener: Opener) -> None:
    make_data_folder(tmp_path, live=2, releases=(1,))
    corpora = LiveCorpora(tmp_path, opener)
    with corpora.hold("small", 1) as held:
        assert held.manifest.release == 1
    assert opener.open == [2]
    with pytest.raises(ReleaseNotFound), corpora.hold("small", 9):
        pass


def test_a_release_in_which_more_could_read_is_asked_for_in_vain(
    tmp_path: Path, opener: Opener
) -> None:
    make_data_folder(tmp_path, live=3, releases=(1, 2))
    (tmp_path / "corpora" / "small" / FLOOR).write_text("2\n")
    corpora = LiveCorpora(tmp_path, opener)
    with corpora.hold("small", 2) as held:
        assert held.manifest.release == 2
    with pytest.raises(ReleaseNotFound, match="served no more"), corpora.hold("small", 1):
        pass
    make_data_folder(tmp_path, live=1)
    corpora.refresh()
    with corpora.hold("small", 1) as held:  # somebody has said --widen
        assert held.manifest.release == 1


def test_a_release_in_which_more_could_read_is_let_go_even_where_the_next_is_damaged(
    tmp_path: Path, opener: Opener
) -> None:
    make_data_folder(tmp_path, live=1)
    corpora = LiveCorpora(tmp_path, opener)
    corpora.refresh()
    opener.broken = {2}
    (tmp_path / "corpora" / "small" / FLOOR).write_text("2\n")
    make_data_folder(tmp_path, live=2)
    assert "release 2 is broken" in str(corpora.refresh()["small"])
    assert opener.open == []
    with pytest.raises(ReleaseBroken), corpora.hold("small"):
        pass


def test_a_corpus_that_has_no_release_yet_is_not_called_absent(tmp_path: Path) -> None:
    (tmp_path / "corpora" / "doc" / "releases").mkdir(parents=True)
    with pytest.raises(CorpusNotFound, match="nothing of corpus 'doc' is published yet"):
        release_folder(tmp_path, "doc")


def test_what_does_not_exist_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    corpora = LiveCorpora(tmp_path, Opener())
    with pytest.raises(CorpusNotFound, match="python -m ingest add"), corpora.hold("absent"):
        pass
    with pytest.raises(InvalidCorpusName), corpora.hold("../etc"):
        pass


@pytest.mark.parametrize("text", ["", "garbage", "\x00"])
def test_a_damaged_live_file_leaves_the_open_release_serving(
    tmp_path: Path, opener: Opener, text: str
) -> None:
    make_data_folder(tmp_path, live=1)
    corpora = LiveCorpora(tmp_path, opener)
    corpora.refresh()
    (tmp_path / "corpora" / "small" / "LIVE").write_text(text)
    corpora.refresh()
    with corpora.hold("small") as held:
        assert held.manifest.release == 1


def test_swaps_under_load_give_no_error(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path)
    stop = threading.Event()

    def search_on() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(plumbline.search("dogs", corpus="small").release)
        return seen

    with ThreadPoolExecutor(4) as threads:
        searches = [threads.submit(search_on) for _ in range(4)]
        for number in range(2, 40):
            make_data_folder(tmp_path, live=number)
            plumbline.refresh()
        stop.set()
    seen = set().union(*(search.result() for search in searches))  # raises what a search raised
    assert len(seen) > 1
    assert [manifest.release for manifest in plumbline.corpora()] == [39]
