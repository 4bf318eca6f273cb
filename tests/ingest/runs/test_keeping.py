"""What was good stays: a source that cannot be read for the moment keeps its last version."""

import io
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.corpus import blobs
from ingest.corpus.opening import open_ledger
from ingest.sources.small_files import open_regular
from rag.errors import SourceUnreadable
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_access import readers
from tests.ingest.runs.test_pipeline import release_rows

STAYS = r"; the version of \d{4}-\d\d-\d\d stays$"


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus of two documents."""
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", "First text.")
    corpus.write("b.md", "Second text.")
    corpus.add()
    return corpus


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Names of files that cannot be opened, as if this were not the superuser."""
    names: set[str] = set()

    def refuse(path: Path) -> object:
        if path.name in names:
            raise SourceUnreadable("Permission denied")
        return open_regular(path)

    monkeypatch.setattr(blobs, "open_regular", refuse)
    yield names


def texts(corpus: SmallCorpus) -> list[object]:
    return [text for (text,) in release_rows(corpus, "SELECT text FROM documents ORDER BY source")]


def test_a_file_that_cannot_be_opened_keeps_its_last_version(
    corpus: SmallCorpus, locked: set[str]
) -> None:
    corpus.write("a.md", "Other text.")
    locked.add("a.md")
    for _ in range(2):
        report = corpus.add()
        assert (report.exit_code, corpus.states(report)["a.md"]) == (1, "quarantined")
        assert re.match("Permission denied" + STAYS, corpus.reasons(report)["a.md"])
        assert texts(corpus) == ["First text.", "Second text."]
    with open_ledger(corpus.folder.ledger) as ledger:
        assert [row.state for row in ledger.sources().values()] == ["quarantined", "indexed"]
    locked.clear()
    assert corpus.states(corpus.add())["a.md"] == "indexed"
    assert texts(corpus) == ["Other text.", "Second text."]


def test_a_file_that_can_be_opened_again_and_is_what_it_was_is_unchanged(
    corpus: SmallCorpus, locked: set[str]
) -> None:
    os.utime(corpus.sources / "a.md", ns=(5, 5))
    locked.add("a.md")
    corpus.add()
    locked.clear()
    report = corpus.add()
    assert (report.exit_code, report.counts) == (0, {"unchanged": 2})
    assert corpus.add().counts == {"unchanged": 2}


def test_a_file_that_was_never_read_is_tried_in_every_run(
    corpus: SmallCorpus, locked: set[str]
) -> None:
    corpus.write("c.md", "Third text.")
    locked.add("c.md")
    assert corpus.reasons(corpus.add())["c.md"] == "Permission denied"
    locked.clear()
    assert corpus.states(corpus.add())["c.md"] == "indexed"


def test_a_version_that_stays_is_still_narrowed(corpus: SmallCorpus, locked: set[str]) -> None:
    os.utime(corpus.sources / "a.md", ns=(5, 5))
    locked.add("a.md")
    corpus.add_as("hr")
    assert readers(corpus) == {"a.md": ["hr"], "b.md": ["hr"]}
    locked.clear()
    assert corpus.add().exit_code == 0
    assert readers(corpus) == {"a.md": ["hr"], "b.md": ["hr"]}


def unlistable(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    listed = os.scandir

    def refuse(path: str) -> object:
        if path == str(folder):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)


def test_what_lies_in_a_folder_that_cannot_be_listed_stays_and_is_narrowed(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write("in/c.md", "Third text.")
    corpus.write("in/d.md", "Fourth text.")
    corpus.write("in/d.md.meta.json", '{"acl": ["board", "hr"]}')
    corpus.add()
    unlistable(monkeypatch, corpus.sources / "in")
    report = corpus.add()
    assert report.exit_code == 1
    assert corpus.reasons(report)["in"] == (
        "Permission denied; what is known below it stays: documents 2"
    )
    assert len(readers(corpus)) == 4
    report = corpus.add_as("hr")
    assert readers(corpus) == {"a.md": ["hr"], "b.md": ["hr"], "in/c.md": ["hr"]}
    assert "who may read it now is not known" in corpus.reasons(report)["in/d.md"]
    monkeypatch.undo()
    assert corpus.add().exit_code == 0
    assert readers(corpus)["in/d.md"] == ["board", "hr"]


def test_an_archive_that_cannot_be_opened_keeps_its_members(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus.sources / "c.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("in.md")
        entry.size = 11
        archive.addfile(entry, io.BytesIO(b"Third text."))
    corpus.add()
    os.utime(path, ns=(5, 5))
    opened = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> object:  # as the one it stands for
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    report = corpus.add()
    assert corpus.states(report) == {
        "a.md": "unchanged",
        "b.md": "unchanged",
        "c.tar": "quarantined",
    }
    assert "Third text." in texts(corpus)
    monkeypatch.undo()
    assert corpus.add().counts == {"unchanged": 3}


def test_what_is_there_and_broken_goes(corpus: SmallCorpus) -> None:
    corpus.write("a.md", b"\x7fELF" + bytes(60))
    assert corpus.states(corpus.add())["a.md"] == "quarantined"
    assert texts(corpus) == ["Second text."]
    corpus.write("b.md.meta.json", "{")
    corpus.write("c.md", "Third text.")
    corpus.add()
    assert texts(corpus) == ["Third text."]
