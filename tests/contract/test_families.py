"""What every document store tells of versions, in memory and on disk."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rag.adapters.memory.release import MemoryDocumentStore
from rag.adapters.stores.documents import SqliteDocumentStore
from rag.domain import PUBLIC, MetadataValue
from rag.errors import DocumentNotFound
from rag.releases.folder import ReleaseDocuments
from tests.contract.test_ports import write_documents
from tests.small_corpus import About, make_documents

TERMS = dict.fromkeys(("2021.md", "2023.md", "2025.md", "2030.md"), "Dogs travel free.")
VERSIONS: dict[str, About] = {
    "2021.md": ({"number": "T-1", "valid_from": "2021-01-01"}, (PUBLIC,)),
    "2023.md": ({"number": "T-1", "valid_from": "2023-01-01", "date": "2022-12"}, (PUBLIC,)),
    "2025.md": ({"number": "T-1", "valid_from": "2025-01-01"}, ("hr",)),
    "2030.md": ({"series": "t", "replaces": ("T-1", "x"), "valid_from": "2030-01-01"}, (PUBLIC,)),
}


Today = Callable[[], str]


def new_year() -> str:
    return "2026-01-01"


class FamiliesContract(ABC):
    """References with their days, and what is in force instead."""

    @abstractmethod
    def make(
        self, folder: Path, about: Mapping[str, About] = VERSIONS, today: Today = new_year
    ) -> ReleaseDocuments: ...

    def test_a_reference_has_its_days_and_what_is_in_force_instead(self, tmp_path: Path) -> None:
        store = self.make(tmp_path)
        references = {each.id: each for each in store.references()}
        old = references["2023-md"]
        assert (old.date, old.valid_from, old.valid_to) == ("2022-12", "2023-01-01", None)
        replaced = {id_: each.superseded_by for id_, each in references.items()}
        assert replaced == {
            "2021-md": "2025-md",
            "2023-md": "2025-md",
            "2025-md": None,
            "2030-md": None,
        }
        chunks = store.chunks([f"{id_}-0" for id_ in references])
        assert {document.id: document for _, document in chunks.values()} == references
        assert {id_: store.document(id_).reference for id_ in references} == references
        assert [each.id for each in store.family("2021-md")] == sorted(references)

    @pytest.mark.parametrize("day", ["soon", "31.12.2030", "2030-13-01", True])
    def test_what_is_no_day_is_as_if_it_were_not_said(
        self, day: MetadataValue, tmp_path: Path
    ) -> None:
        said: dict[str, MetadataValue] = {"number": "T-1", "valid_from": day, "valid_to": day}
        store = self.make(tmp_path, {**VERSIONS, "2030.md": (said, (PUBLIC,))})
        assert store.document("2025-md").superseded_by is None
        [(_, reference)] = store.chunks(["2030-md-0"]).values()
        assert reference == store.document("2030-md").reference
        assert (reference.valid_from, reference.valid_to) == (None, None)

    def test_a_version_that_may_not_be_read_is_in_force_for_nobody_else(
        self, tmp_path: Path
    ) -> None:
        public = self.make(tmp_path).as_read_by({PUBLIC})
        assert {each.id: each.superseded_by for each in public.references()} == {
            "2021-md": "2023-md",
            "2023-md": None,
            "2030-md": None,
        }
        assert public.document("2021-md").superseded_by == "2023-md"
        assert "2025-md" not in {each.id for each in public.family("2021-md")}
        with pytest.raises(DocumentNotFound):
            public.family("2025-md")

    def test_a_version_takes_over_on_its_day_in_an_open_release(self, tmp_path: Path) -> None:
        day = "2029-12-31"
        store = self.make(tmp_path, today=lambda: day)
        assert store.document("2025-md").superseded_by is None
        day = "2030-01-01"
        assert store.document("2025-md").superseded_by == "2030-md"
        [(_, reference)] = store.chunks(["2021-md-0"]).values()
        assert reference.superseded_by == "2030-md"


class TestMemoryFamilies(FamiliesContract):
    def make(
        self, folder: Path, about: Mapping[str, About] = VERSIONS, today: Today = new_year
    ) -> ReleaseDocuments:
        return MemoryDocumentStore(*make_documents(TERMS, about), today=today)


class TestSqliteFamilies(FamiliesContract):
    def make(
        self, folder: Path, about: Mapping[str, About] = VERSIONS, today: Today = new_year
    ) -> ReleaseDocuments:
        write_documents(folder / "documents.db", TERMS, about)
        return SqliteDocumentStore(folder / "documents.db", today=today)
