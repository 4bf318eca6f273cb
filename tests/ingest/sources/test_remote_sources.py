"""Sources of other file systems: what is hidden, labelled, secret, or fails on the way."""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # ships no types
import pytest

from ingest.adapters.urls import credentials_of, without_credentials
from ingest.corpus.blobs import BlobStore
from ingest.runs.adding import add
from ingest.sources.labels import Labels, read_labels
from ingest.sources.remote import version_number
from ingest.sources.scanning import is_below, scan
from ingest.sources.source import Scan, Source
from rag.errors import (
    ExtractionFailed,
    SourceNotFound,
    SourceUnreadable,
    StorageError,
    UsageError,
)
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import release_rows


@pytest.fixture
def memory() -> Iterator[Any]:
    """A file system in memory, emptied afterwards."""
    system = fsspec.filesystem("memory")
    yield system
    for name in system.ls("/", detail=False):
        system.rm(name, recursive=True)


def look_at(url: str) -> dict[str, Source]:
    return {source.name: source for source in scan([url]).sources}


def test_hidden_files_and_side_cars_are_no_sources(memory: Any) -> None:
    names = ("a.md", ".plumblineignore", ".git/b.md", "in/.c.md", "a.md.meta.json", ".meta.json")
    memory.pipe({f"/docs/{name}": b"{}" for name in names})
    assert list(look_at("memory://docs")) == ["a.md"]


@pytest.mark.parametrize("url", ["memory://docs", "memory://docs/in", "memory://docs/in/a.md"])
def test_side_cars_far_away_restrict_too(memory: Any, url: str) -> None:
    memory.pipe(
        {
            "/docs/in/a.md": b"Some text.",
            "/docs/in/.meta.json": b'{"acl": ["hr"], "year": 1}',
            "/docs/in/a.md.meta.json": b'{"year": 2}',
        }
    )
    [source] = scan([url]).sources
    labels = read_labels(Labels(), source.side_cars)
    assert (labels.access, labels.metadata) == (("hr",), {"year": 2})
    before = source.stamp
    memory.pipe("/docs/in/a.md.meta.json", b'{"year": 3}')
    assert scan([url]).sources[0].stamp != before


def test_a_file_far_away_is_its_own_root_and_fetched_whole(memory: Any, tmp_path: Path) -> None:
    memory.pipe("/docs/a.md", b"Some text.")
    [source] = scan(["memory://docs/a.md"]).sources
    assert (source.uri, source.root, source.name) == ("memory://docs/a.md",) * 2 + ("a.md",)
    blob = BlobStore(tmp_path / "blobs").store(source)
    assert blob.path.read_bytes() == b"Some text."
    assert (blob.size, blob.mtime_ns) == (source.size, source.mtime_ns)


def test_the_whole_of_a_file_system_can_be_named(memory: Any) -> None:
    memory.pipe("/docs/a.md", b"Some text.")
    assert list(look_at("memory://")) == ["docs/a.md"]


def test_a_file_url_is_a_path_whose_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "my docs").mkdir()
    (tmp_path / "my docs" / "a.md").write_text("Some text.")
    os.symlink("/etc/hostname", tmp_path / "my docs" / "b.txt")
    os.mkfifo(tmp_path / "my docs" / "c.txt")
    found = scan([(tmp_path / "my docs").as_uri()])
    said = [(each.uri, str(each.problem)) for each in scan([str(tmp_path / "my docs")]).sources]
    assert [(each.uri, str(each.problem)) for each in found.sources] == said
    assert [bool(source.problem) for source in found.sources] == [False, True, True]
    with pytest.raises(UsageError, match="another machine"):
        scan(["file://host/share"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a@b.md", "s3://bucket/a@b.md"),
        ("ftp://anna:se@cret@host/x", "ftp://host/x"),
        ("zip://a.md::sftp://anna@host/x.zip", "zip://a.md::sftp://host/x.zip"),
        ("github://org:repo@main/docs", "github://org:repo@main/docs"),
        ("abfs://files@account.dfs.core.windows.net/x", None),
    ],
)
def test_only_credentials_are_taken_out_of_a_url(url: str, shown: str | None) -> None:
    assert without_credentials(url) == (shown or url)
    assert all(each not in without_credentials(url) for each in credentials_of(url))
    assert is_below(url, f"{shown or url}/a.md", "")


def test_no_message_repeats_a_password(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such thing as anna:hunter2, hunter2")

    monkeypatch.setattr(type(memory), "isfile", fail)
    with pytest.raises(SourceNotFound) as caught:
        scan(["memory://anna:hunter2@docs"])
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("memory://docs cannot be opened: RuntimeError")
    with pytest.raises(UsageError) as refused:
        scan(["https://anna:hunter2@host/x"])
    assert "hunter2" not in str(refused.value)


def test_a_file_that_fails_or_grows_on_the_way_fails_alone(memory: Any, tmp_path: Path) -> None:
    memory.pipe({"/docs/a.md": b"Some text.", "/docs/b.md": b"Other text."})
    found = look_at("memory://docs")
    memory.rm("/docs/a.md")
    store = BlobStore(tmp_path / "blobs")
    with pytest.raises(ExtractionFailed, match="cannot be fetched: FileNotFoundError"):
        store.store(found["a.md"])
    with pytest.raises(ExtractionFailed, match="larger than"):
        BlobStore(tmp_path / "blobs", most_bytes=4).store(found["b.md"])
    assert store.stored() == []
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_disk_that_refuses_is_not_blamed_on_the_source(memory: Any, tmp_path: Path) -> None:
    memory.pipe("/docs/a.md", b"Some text.")
    [source] = scan(["memory://docs"]).sources
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        BlobStore(tmp_path / "blobs").store(source)
    assert source.fetch is not None
    with pytest.raises(OSError, match="No such file"):
        source.fetch(tmp_path / "absent" / "a.md", most_bytes=100)


def test_names_in_a_zip_are_kept_and_never_leave_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("in/a b#1.md", "\N{PARTY POPPER}.md", "new\nline.md"):
            archive.writestr(name, "Some text.")
    found = look_at(f"zip://::{(tmp_path / 'a.zip').as_uri()}")
    assert sorted(found) == sorted(["in/a b#1.md", "new\\nline.md", "\N{PARTY POPPER}.md"])
    assert found["in/a b#1.md"].uri.endswith("/a.zip/in/a%20b%231.md")


def test_a_version_is_told_by_any_backend_in_its_own_words() -> None:
    assert version_number({"ETag": "1"}) != version_number({"ETag": "2"})
    assert version_number({"Last-Modified": "x"}) >= 0
    assert version_number({"modify": "20260101"}) >= 0
    assert version_number({"name": "a", "size": 1}) == -1


def test_a_page_covers_itself_alone() -> None:
    page = Scan(("https://host/docs",), ())
    assert page.covers("https://host/docs", "https://host/docs")
    assert not page.covers("https://host/docs/a", "https://host/docs/a")
    assert not Scan(("https://host",), ()).covers("https://host/a", "https://host/sitemap.xml")
    assert Scan(("s3://b/docs",), ()).covers("s3://b/docs/a", "s3://b/docs/a")


def test_what_lies_below_what_could_not_be_looked_at_stays() -> None:
    lost = Source(
        "file:///a/in",
        "file:///a",
        Path("/a/in"),
        "in",
        problem=SourceUnreadable("Permission denied"),
    )
    seen = Scan(("file:///a",), (lost,))
    assert not seen.covers("file:///a/in/b.md", "file:///a")
    assert seen.covers("file:///a/c.md", "file:///a")


def test_a_fetch_that_fails_leaves_the_version_before(memory: Any, tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    memory.pipe({"/flaky/a.md": b"First text.", "/flaky/b.md": b"Second text."})
    add(corpus.folder, scan(["memory://flaky"]), corpus.setup())
    memory.pipe({"/flaky/a.md": b"Other text."})
    found = scan(["memory://flaky"])
    memory.rm("/flaky/a.md")
    report = add(corpus.folder, found, corpus.setup())
    assert corpus.states(report) == {"a.md": "quarantined", "b.md": "unchanged"}
    assert re.search(r"; the version of \S+ stays$", corpus.reasons(report)["a.md"])
    assert ("First text.",) in release_rows(corpus, "SELECT text FROM documents")
