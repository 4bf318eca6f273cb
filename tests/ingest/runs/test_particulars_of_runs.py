"""What documents say of themselves reaches their releases, and operators have the last word."""

from pathlib import Path

import pytest

from ingest.corpus.opening import open_ledger
from ingest.runs import comparing
from rag.adapters.stores.documents import SqliteDocumentStore
from rag.domain import DocumentRef, MetadataValue
from tests.ingest.corpora import SmallCorpus

OLD = "# Parking\n\nDocument TR-1, version 1, in force from 1 May 2021.\n\nCars pay €2."
NEW = "# Parking\n\nDocument TR-1, version 2, in force from 1 May 2024.\n\nCars pay €3."


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside an empty folder of sources."""
    return SmallCorpus(tmp_path)


def open_store(corpus: SmallCorpus) -> SqliteDocumentStore:
    release = corpus.folder.releases / f"{corpus.folder.live():06d}"
    return SqliteDocumentStore(release / "documents.db", today=lambda: "2026-01-01")


def references(corpus: SmallCorpus) -> dict[str, DocumentRef]:
    return {each.source: each for each in open_store(corpus).references()}


def metadata(corpus: SmallCorpus, source: str) -> dict[str, MetadataValue]:
    store = open_store(corpus)
    return dict(store.document(references(corpus)[source].id).metadata)


def test_the_new_version_replaces_the_old_one_as_soon_as_it_is_there(corpus: SmallCorpus) -> None:
    corpus.write("old.md", OLD)
    corpus.add()
    assert references(corpus)["old.md"].superseded_by is None
    corpus.write("new.md", NEW)
    corpus.add()
    found = references(corpus)
    assert found["old.md"].superseded_by == found["new.md"].id
    assert found["new.md"].valid_from == "2024-05-01"
    (corpus.sources / "new.md").unlink()
    corpus.add()
    assert references(corpus)["old.md"].superseded_by is None


def test_a_side_car_has_the_last_word(corpus: SmallCorpus) -> None:
    corpus.write("old.md", OLD)
    corpus.write("new.md", NEW)
    corpus.write("new.md.meta.json", '{"status": "draft", "valid_from": "2025-01-01"}')
    corpus.add()
    assert references(corpus)["old.md"].superseded_by is None
    found = metadata(corpus, "new.md")
    assert (found["status"], found["valid_from"], found["version"]) == ("draft", "2025-01-01", "2")


def test_a_side_car_can_name_what_a_file_replaces(corpus: SmallCorpus) -> None:
    corpus.write("a/first.md", "# Boats\n\nTwo boats.")
    corpus.write("a/second.md", "# Ferries\n\nThree ferries.")
    corpus.write("a/second.md.meta.json", '{"replaces": "first.md"}')
    corpus.add()
    found = references(corpus)
    assert found["a/first.md"].superseded_by == found["a/second.md"].id
    assert found["a/second.md"].superseded_by is None


def test_a_day_in_doubt_is_told_in_the_report(corpus: SmallCorpus) -> None:
    corpus.write("a.md", "# Parking\n\nVersion 1, in force from 31 February 2024.\n\nCars pay.")
    report = corpus.add()
    assert corpus.reasons(report)["a.md"].startswith("valid_from left out")
    assert report.exit_code == 0


def test_documents_that_were_read_without_it_are_read_again(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write("old.md", OLD)
    with monkeypatch.context() as before:
        before.setattr(comparing, "EXTRACTOR", "4")
        corpus.add()
        with open_ledger(corpus.folder.ledger) as ledger:
            ledger.database.execute("UPDATE documents SET metadata = '{}'")
    report = corpus.add()
    assert corpus.states(report) == {"old.md": "indexed"}
    assert references(corpus)["old.md"].valid_from == "2021-05-01"
