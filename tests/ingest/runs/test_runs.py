"""Runs over files that moved, were taken out, or look unchanged, and over older ledgers."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from ingest.corpus.opening import view_ledger
from ingest.runs.adding import add, remove
from ingest.sources.scanning import scan
from rag.errors import SourceNotFound, StorageError
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import LONG, release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside an empty folder of sources."""
    return SmallCorpus(tmp_path)


def test_a_file_whose_size_and_time_are_the_same_is_read_again_with_checksum(
    corpus: SmallCorpus,
) -> None:
    path = corpus.write("a.md", "First text.")
    corpus.add()
    before = path.stat()
    corpus.write("a.md", "Other text.")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert corpus.states(corpus.add()) == {"a.md": "unchanged"}
    scanned = scan([str(corpus.sources)])
    assert add(corpus.folder, scanned, corpus.setup(checksum=True)).counts == {"indexed": 1}
    assert release_rows(corpus, "SELECT text FROM documents") == [("Other text.",)]


def test_a_moved_file_keeps_its_embeddings(corpus: SmallCorpus) -> None:
    path = corpus.write("a.md", LONG)
    corpus.add()
    path.rename(corpus.sources / "b.md")
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "removed", "b.md": "indexed"}
    assert (report.embedded, report.release) == (0, 2)


def test_sources_are_taken_out_on_purpose_and_may_come_back(corpus: SmallCorpus) -> None:
    corpus.write("in/a.md", LONG)
    corpus.write("b.md", "Another text.")
    corpus.add()
    shutil.rmtree(corpus.sources / "in")
    report = remove(corpus.folder, [str(corpus.sources / "in")], corpus.setup())
    assert (corpus.states(report), report.release) == ({"in/a.md": "removed"}, 2)
    assert release_rows(corpus, "SELECT source FROM documents") == [("b.md",)]
    with pytest.raises(SourceNotFound, match="knows no source"):
        remove(corpus.folder, [str(corpus.sources / "in")], corpus.setup())
    corpus.write("in/a.md", LONG)
    assert corpus.states(corpus.add())["in/a.md"] == "indexed"


@pytest.mark.parametrize(("version", "said"), [(2, "move it away"), (99, "newer version")])
def test_a_ledger_of_another_format_is_refused(
    corpus: SmallCorpus, version: int, said: str
) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    with sqlite3.connect(corpus.folder.ledger) as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    with pytest.raises(StorageError, match=said):
        corpus.add()
    with pytest.raises(StorageError, match=said), view_ledger(corpus.folder.ledger):
        pass
