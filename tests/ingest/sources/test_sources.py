"""Where documents come from: selection, labels, other file systems, archives."""

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # ships no types
import pytest

from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.archives import unpack
from ingest.sources.labels import Labels, parse_labels
from ingest.sources.scanning import scan
from ingest.sources.selection import Selection
from ingest.sources.source import ScanOptions
from rag.errors import ExtractionFailed, SourceNotFound, UsageError
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside an empty folder of sources."""
    return SmallCorpus(tmp_path)


def names(root: Path | str, options: ScanOptions | None = None) -> list[str]:
    return [source.name for source in scan([str(root)], options).sources]


def add_with(corpus: SmallCorpus, options: ScanOptions, *arguments: str) -> Report:
    found = scan([*arguments] or [str(corpus.sources)], options)
    return add(corpus.folder, found, corpus.setup())


def test_ignore_files_hold_for_their_folder_and_below(corpus: SmallCorpus) -> None:
    for name in ("a.md", "a.log", "keep.log", "in/b.log", "in/c.md", "in/d.tmp", "build/e.md"):
        corpus.write(name, "x")
    corpus.write(".plumblineignore", "*.log\n!keep.log\n/build/\n")
    corpus.write("in/.plumblineignore", "*.tmp\n!b.log\n")
    assert names(corpus.sources) == ["a.md", "in/b.log", "in/c.md", "keep.log"]


def test_include_and_exclude_choose_among_all_files(corpus: SmallCorpus) -> None:
    for name in ("a.md", "b.txt", "in/c.md", "in/d.txt"):
        corpus.write(name, "x")
    assert names(corpus.sources, ScanOptions(Selection(["*.md"]))) == ["a.md", "in/c.md"]
    assert names(corpus.sources, ScanOptions(Selection([], ["in/"]))) == ["a.md", "b.txt"]
    both = ScanOptions(Selection(["*.md"], ["in/"]))
    assert names(corpus.sources, both) == ["a.md"]
    with pytest.raises(UsageError, match="--exclude"):
        Selection([], ["!"])


def test_an_excluded_file_leaves_the_corpus(corpus: SmallCorpus) -> None:
    corpus.write("a.md", "First text.")
    corpus.write("b.md", "Second text.")
    corpus.add()
    report = add_with(corpus, ScanOptions(Selection([], ["b.md"])))
    assert corpus.states(report) == {"a.md": "unchanged", "b.md": "removed"}


def labelled(corpus: SmallCorpus) -> dict[str, tuple[dict[str, object], list[str], str]]:
    rows = release_rows(corpus, "SELECT source, metadata, access, title FROM documents")
    return {
        str(name): (json.loads(str(metadata)), json.loads(str(access)), str(title))
        for name, metadata, access, title in rows
    }


def test_labels_come_from_options_folders_and_side_cars_the_nearest_wins(
    corpus: SmallCorpus,
) -> None:
    corpus.write("a.md", "---\ndepartment: sea\nyear: 1999\nacl: public\n---\nFirst text.")
    corpus.write("in/b.md", "Second text.")
    corpus.write("in/.meta.json", '{"department": "hr", "acl": ["hr"]}')
    corpus.write("in/c.md", "Third text.")
    corpus.write("in/c.md.meta.json", '{"acl": "board", "tags": ["old"], "title": "The third"}')
    given = parse_labels(["department=all", "draft=true", "size=2.5"], [], ["new"])
    report = add_with(corpus, ScanOptions(labels=given))
    assert sorted(corpus.states(report)) == ["a.md", "in/b.md", "in/c.md"]
    common = {"draft": True, "size": 2.5}
    found = labelled(corpus)
    a = common | {"department": "all", "tags": ["new"], "year": 1999}
    assert found["a.md"] == (a, ["public"], "a")
    assert found["in/b.md"] == (common | {"department": "hr", "tags": ["new"]}, ["hr"], "b")
    c = common | {"department": "hr", "tags": ["old"], "title": "The third"}
    assert found["in/c.md"] == (c, ["board"], "The third")


def test_a_changed_side_car_changes_the_document_and_embeds_nothing(corpus: SmallCorpus) -> None:
    corpus.write("a.md", "First text.")
    corpus.write("b.md", "Second text.")
    corpus.add()
    corpus.write("a.md.meta.json", '{"acl": ["hr"]}')
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "indexed", "b.md": "unchanged"}
    assert (report.embedded, labelled(corpus)["a.md"][1]) == (0, ["hr"])
    assert corpus.add().counts == {"unchanged": 2}
    (corpus.sources / "a.md.meta.json").unlink()
    assert corpus.states(corpus.add(widen=True))["a.md"] == "indexed"
    assert labelled(corpus)["a.md"][1] == ["public"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"a": {"b": 1}}', "must be a text"),
        ('{"A-B": 1}', "metadata key 'A-B' is not allowed"),
        ('{"acl": [1]}', "`acl` must be a list"),
        ('{"a": "' + "x" * 1001 + '"}', "must be a text"),
        ("[" * 60_000, "is not JSON"),
    ],
)
def test_a_wrong_side_car_quarantines_its_file_alone(
    corpus: SmallCorpus, content: str, reason: str
) -> None:
    corpus.write("a.md", "First text.")
    corpus.write("b.md", "Second text.")
    corpus.write("a.md.meta.json", content)
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "quarantined", "b.md": "indexed"}
    assert reason in corpus.reasons(report)["a.md"]


@pytest.mark.parametrize(
    "given",
    [(["a"], [], []), (["A=1"], [], []), ([], [","], []), (["acl=x"], [], []), ([], [], ["\n"])],
)
def test_labels_that_mean_nothing_are_refused(
    given: tuple[list[str], list[str], list[str]],
) -> None:
    with pytest.raises(UsageError):
        parse_labels(*given)


def test_labels_of_the_command_line_are_typed() -> None:
    labels = parse_labels(["a=1", "b=1.5", "c=true", "d=x, y", "e=a=b"], ["hr, board", "it"], [])
    assert labels.metadata == {"a": 1, "b": 1.5, "c": True, "d": "x, y", "e": "a=b"}
    assert labels.access == ("board", "hr", "it")
    assert Labels().stamp == ""


def test_files_of_another_file_system_are_read_and_followed(corpus: SmallCorpus) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/docs/a.md": b"First text.", "/docs/in/b.md": b"Second text."})
    try:
        options = ScanOptions()
        report = add_with(corpus, options, "memory://docs")
        assert corpus.states(report) == {"a.md": "indexed", "in/b.md": "indexed"}
        assert add_with(corpus, options, "memory://docs").counts == {"unchanged": 2}
        memory.pipe({"/docs/a.md": b"Other text."})
        memory.rm("/docs/in/b.md")
        report = add_with(corpus, options, "memory://docs")
        assert corpus.states(report) == {"a.md": "indexed", "in/b.md": "removed"}
        assert release_rows(corpus, "SELECT text FROM documents") == [("Other text.",)]
    finally:
        memory.rm("/docs", recursive=True)


def test_a_zip_url_is_read_without_unpacking_it(corpus: SmallCorpus, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/a.md", "First text.")
    url = f"zip://::file://{tmp_path}/a.zip"
    assert corpus.states(add_with(corpus, ScanOptions(), url)) == {"in/a.md": "indexed"}
    assert add_with(corpus, ScanOptions(), url).counts == {"unchanged": 1}


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("memory://absent", SourceNotFound, "holds no files|cannot be listed"),
        ("zip://x::https://host/a.zip", UsageError, "https:// is not read"),
        ("simplecache::http://10.0.0.1/a", UsageError, "http:// is not read"),
        ("gopher://host/a", UsageError, "gopher:// is not read"),
        ("https://host/a", UsageError, "--allow-web"),
        ("gs://bucket/a", UsageError, r"pip install 'plumbline\[gs\]'"),
    ],
)
def test_a_url_that_cannot_be_read_says_why(url: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        scan([url])


def test_credentials_in_a_url_are_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/user:secret@docs/a.md": b"First text."})
    try:
        found = scan(["memory://user:secret@docs"])
    finally:
        memory.rm("/user:secret@docs", recursive=True)
    assert "secret" not in repr([(s.uri, s.root, s.name) for s in found.sources])


def make_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def test_members_of_an_archive_are_sources(corpus: SmallCorpus) -> None:
    with zipfile.ZipFile(corpus.sources / "a.zip", "w") as archive:
        archive.writestr("in/one.md", "First text.")
        archive.writestr("two.md", "Second text.")
        archive.writestr("deep.zip", b"PK\x03\x04")
    make_tar(corpus.sources / "b.tar.gz", {"three.md": b"Third text.", "./four.md": b"Fourth."})
    report = corpus.add()
    assert corpus.states(report) == {
        "a.zip/deep.zip": "skipped",
        "a.zip/in/one.md": "indexed",
        "a.zip/two.md": "indexed",
        "b.tar.gz/four.md": "indexed",
        "b.tar.gz/three.md": "indexed",
    }
    assert corpus.reasons(report)["a.zip/deep.zip"] == "an archive inside an archive"
    again = corpus.add()
    assert again.counts == {"skipped": 1, "unchanged": 4}
    assert list(corpus.folder.path.glob(".unpacked*")) == []


def test_a_member_that_leaves_a_changed_archive_leaves_the_corpus(corpus: SmallCorpus) -> None:
    path = corpus.sources / "b.tar.gz"
    make_tar(path, {"one.md": b"First text.", "two.md": b"Second text."})
    corpus.add()
    make_tar(path, {"one.md": b"First text.", "new.md": b"Another text, which is longer."})
    os.utime(path, ns=(1, 1))
    report = corpus.add()
    assert corpus.states(report) == {
        "b.tar.gz/one.md": "unchanged",
        "b.tar.gz/new.md": "indexed",
        "b.tar.gz/two.md": "removed",
    }
    path.write_bytes(b"\x1f\x8bgarbage")
    report = corpus.add()
    assert corpus.states(report)["b.tar.gz"] == "quarantined"
    assert "damaged archive" in corpus.reasons(report)["b.tar.gz"]
    assert corpus.states(report)["b.tar.gz/one.md"] == "removed"


def test_an_archive_that_is_a_bomb_or_reaches_out_is_refused_whole(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(50_000_000))
    with pytest.raises(ExtractionFailed, match="100 times its size"):
        unpack(bomb, "bomb.zip", into)
    for name in ("../x", "/etc/x", "a/../../x", "C:\\x"):
        make_tar(tmp_path / "out.tar.gz", {name: b"x"})
        with pytest.raises(ExtractionFailed, match="leaves the archive"):
            unpack(tmp_path / "out.tar.gz", "out.tar.gz", into)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(2001):
            archive.writestr(f"{number}.txt", "x")
    with pytest.raises(ExtractionFailed, match="more than 2,000 files"):
        unpack(many, "many.zip", into)


def test_links_and_locked_members_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    [member] = unpack(path, "a.tar", tmp_path)
    assert (member.name, str(member.problem)) == ("link.txt", "not a regular file")
