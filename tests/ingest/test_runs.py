"""Runs over files that moved, were taken out, or look unchanged, and over older ledgers."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from ingest.corpus.ledger import open_ledger
from ingest.runs.adding import add, remove
from ingest.sources.scanning import scan
from rag.errors import SourceNotFound, StorageError
from tests.ingest.corpora import SmallCorpus
from tests.ingest.test_pipeline import LONG, release_rows


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
    assert add(corpus.folder, scanned, corpus.workshop(checksum=True)).counts == {"indexed": 1}
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
    report = remove(corpus.folder, [str(corpus.sources / "in")], corpus.workshop())
    assert (corpus.states(report), report.release) == ({"in/a.md": "removed"}, 2)
    assert release_rows(corpus, "SELECT source FROM documents") == [("b.md",)]
    with pytest.raises(SourceNotFound, match="knows no source"):
        remove(corpus.folder, [str(corpus.sources / "in")], corpus.workshop())
    corpus.write("in/a.md", LONG)
    assert corpus.states(corpus.add())["in/a.md"] == "indexed"


HISTORY = ("versions", "roots", "receipts")


def test_a_ledger_of_the_first_format_is_brought_up_to_date(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    with sqlite3.connect(corpus.folder.ledger) as database:
        for column in ("stamp", "characters", "pages", "empty_pages", "seconds"):
            database.execute(f"ALTER TABLE sources DROP COLUMN {column}")
        for index in ("documents_by_digest", "documents_by_version", "chunks_by_embedded"):
            database.execute(f"DROP INDEX {index}")
        for column in ("metadata", "access", "digest"):
            database.execute(f"ALTER TABLE documents DROP COLUMN {column}")
        for table in ("archives", "pins", *HISTORY):
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version = 1")
    database.close()
    report = corpus.add()
    assert (corpus.states(report), report.published) == ({"a.md": "unchanged"}, False)


def test_a_ledger_of_the_second_format_gets_its_history(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    with sqlite3.connect(corpus.folder.ledger) as database:
        for table in HISTORY:
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version = 2")
    database.close()
    corpus.write("b.md", LONG)
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "unchanged", "b.md": "duplicate"}
    with open_ledger(corpus.folder.ledger) as ledger:
        assert [version.name for version in ledger.history.versions()] == ["a.md", "b.md"]


def test_a_ledger_of_a_newer_version_is_refused(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    with sqlite3.connect(corpus.folder.ledger) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StorageError, match="newer version"):
        corpus.add()
