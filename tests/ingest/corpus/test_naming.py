"""Sources with one relative name in several roots are told apart, the same in any order."""

import itertools
from pathlib import Path

import pytest

from ingest.corpus.history import Place
from ingest.corpus.naming import name_apart
from ingest.corpus.opening import open_ledger
from ingest.runs.adding import remove
from ingest.terminal.listing import Choice, print_roots, print_sources
from rag.errors import SourceNotFound
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside two folders that each hold a guide."""
    for name in ("n1", "n2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "guide.md").write_text(f"The guide of {name}.")
    (tmp_path / "n1" / "own.md").write_text("A text that only n1 has.")
    return SmallCorpus(tmp_path)


def names(corpus: SmallCorpus) -> list[object]:
    return [name for (name,) in release_rows(corpus, "SELECT source FROM documents ORDER BY 1")]


def test_names_that_meet_get_the_end_of_their_root_and_lose_it_again(
    corpus: SmallCorpus, tmp_path: Path
) -> None:
    corpus.add(tmp_path / "n1")
    assert names(corpus) == ["guide.md", "own.md"]
    report = corpus.add(tmp_path / "n2")
    assert names(corpus) == ["n1/guide.md", "n2/guide.md", "own.md"]
    assert corpus.states(report) == {"n2/guide.md": "indexed"}
    assert report.embedded == 1
    assert not corpus.add(tmp_path / "n1").published
    remove(corpus.folder, [str(tmp_path / "n1")], corpus.setup())
    assert names(corpus) == ["guide.md"]


def test_a_source_in_two_roots_is_named_below_the_outer_one_in_any_order(
    tmp_path: Path,
) -> None:
    for order in itertools.permutations((".", "in", "in/deep.md")):
        root = tmp_path / " ".join(order).replace("/", "-")
        root.mkdir()
        corpus = SmallCorpus(root)
        corpus.write("in/deep.md", "Some text.")
        for each in order:
            corpus.add(corpus.sources / each)
        assert names(corpus) == ["in/deep.md"], order


def roots(*places: str) -> dict[str, str]:
    """The names of `guide.md` in each of these roots."""
    named = [Place(f"{place}/guide.md", place, "guide.md") for place in places]
    found = name_apart(named, places)
    assert found == name_apart(reversed(named), places[::-1])
    return {uri.removesuffix("/guide.md"): name for uri, name in found.items()}


def test_as_much_of_a_root_as_tells_it_apart_comes_before_a_name() -> None:
    assert roots("file:///a/x", "file:///b/x", "file:///c") == {
        "file:///a/x": "a/x/guide.md",
        "file:///b/x": "b/x/guide.md",
        "file:///c": "c/guide.md",
    }
    assert roots("s3://bucket/docs", "file:///bucket/docs") == {
        "s3://bucket/docs": "s3://bucket/docs/guide.md",
        "file:///bucket/docs": "file:///bucket/docs/guide.md",
    }


def test_a_name_that_another_source_has_by_nature_is_not_given_away() -> None:
    sources = [
        Place("file:///n1/guide.md", "file:///n1", "guide.md"),
        Place("file:///n2/guide.md", "file:///n2", "guide.md"),
        Place("file:///x/n1/guide.md", "file:///x", "n1/guide.md"),
    ]
    found = name_apart(sources, ["file:///n1", "file:///n2", "file:///x"])
    assert len(set(found.values())) == 3
    assert found["file:///n2/guide.md"] == "n2/guide.md"
    assert found["file:///x/n1/guide.md"] == "x/n1/guide.md"


def test_pages_that_would_share_a_name_are_named_by_their_address() -> None:
    pages = [Place(f"https://h/p{end}", f"https://h/p{end}", "h/p.html") for end in ("", ".html")]
    found = name_apart(pages, [])
    assert sorted(found.values()) == ["https://h/p", "https://h/p.html"]


def test_a_name_that_several_sources_end_in_is_answered_with_them(
    corpus: SmallCorpus, tmp_path: Path
) -> None:
    corpus.add(tmp_path / "n1", tmp_path / "n2")
    with pytest.raises(SourceNotFound, match=r"n1/guide\.md, n2/guide\.md may be meant"):
        remove(corpus.folder, ["guide.md"], corpus.setup())


def test_a_root_that_has_moved_is_listed_and_can_be_taken_out(
    corpus: SmallCorpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "n1"
    corpus.add_as("hr,board", old)
    corpus.add(tmp_path / "n2")
    old.rename(tmp_path / "new")
    with pytest.raises(SourceNotFound, match="does not exist"):
        corpus.add(old)
    with open_ledger(corpus.folder.ledger) as ledger:
        print_roots(ledger, as_json=False)
        listed = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert listed[1][:4] == [old.as_uri(), "2", "--acl", "board,hr"]
    report = remove(corpus.folder, [str(old)], corpus.setup())
    assert report.counts == {"removed": 2}
    with open_ledger(corpus.folder.ledger) as ledger:
        assert [root.uri for root in ledger.history.roots()] == [(tmp_path / "n2").as_uri()]
    assert corpus.add(tmp_path / "n2").shrunk == ()


def test_status_names_sources_as_releases_do_whole_and_by_choice(
    corpus: SmallCorpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "a-long-name-" * 15 + ".md"
    (tmp_path / "n1" / long).write_text("A text under a long name.")
    for number in range(5):
        (tmp_path / "n2" / f"{number}.bin").write_bytes(bytes([0, number]))
    corpus.add(tmp_path / "n1", tmp_path / "n2")
    with open_ledger(corpus.folder.ledger) as ledger:

        def status(choice: Choice) -> str:
            print_sources(ledger, choice, as_json=False)
            return capsys.readouterr().out

        whole = status(Choice())
        assert all(each in whole for each in ("n1/guide.md", "n2/guide.md", long, "5 sources"))
        assert (tmp_path / "n2").as_uri() in whole
        assert "0.bin" in status(Choice(state="skipped"))
        assert "indexed" not in status(Choice(state="skipped"))
        assert "n1/guide.md" not in status(Choice(root=str(tmp_path / "n2")))
        assert "own.md" not in status(Choice(name="GUIDE"))
