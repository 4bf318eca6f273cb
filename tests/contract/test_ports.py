"""What every implementation of an index or a store promises, in memory and on disk."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.corpus.ledger import StoredDocument
from ingest.corpus.opening import open_ledger
from ingest.releases.documents_db import filled
from rag.adapters.indexes.chroma import ChromaIndex, ChromaIndexBuilder
from rag.adapters.indexes.counted_words import ChunkWords
from rag.adapters.indexes.exact import ExactVectors
from rag.adapters.indexes.sharing import SharedVectors
from rag.adapters.indexes.tantivy import TantivyIndex, TantivyIndexBuilder
from rag.adapters.memory.release import (
    HashingEmbedder,
    MemoryDocumentStore,
    MemoryVectorIndex,
    memory_lexical_index,
)
from rag.adapters.stores.documents import SqliteDocumentStore
from rag.domain import PUBLIC, Chunk, Span
from rag.errors import DocumentNotFound, InvalidFilter, ReleaseBroken
from rag.ports import (
    LexicalEntry,
    LexicalIndex,
    Subset,
    VectorIndex,
    Vectors,
)
from rag.releases.chunks import lexical_entries
from rag.releases.filters import Condition, parse_filters
from rag.releases.folder import ReleaseDocuments
from tests.small_corpus import TEXTS, About, make_documents

WORDS = [
    LexicalEntry("a", "boats", "the heron carries many passengers", "the tern carries cars"),
    LexicalEntry("b", "boats", "the tern carries cars", "the heron carries many passengers"),
    LexicalEntry("c", "dogs", "dogs travel free", ""),
]
ABOUT: dict[str, About] = {
    "leave.md": ({"team": "hr", "year": 2024, "approved": "2024-03-01"}, ("board", "hr")),
    "boats.md": ({"team": "fleet", "year": 2011, "tags": ("fleet", "built")}, (PUBLIC,)),
    "dogs.md": ({"year": 2015.5, "tags": ("animals",), "draft": True}, (PUBLIC, "hr")),
}


class VectorIndexContract(ABC):
    """Nearest neighbours by cosine."""

    @abstractmethod
    def make(self, folder: Path, ids: list[str], vectors: Vectors) -> VectorIndex: ...

    def test_a_vector_finds_itself_first_with_its_cosine(self, tmp_path: Path) -> None:
        random = np.random.default_rng(7).normal(size=(300, 16)).astype(np.float32)
        vectors = random / np.linalg.norm(random, axis=1, keepdims=True)
        ids = [f"c{row:03d}" for row in range(300)]
        index = self.make(tmp_path / "vectors", ids, vectors)
        ranking = index.search(vectors[42], 10)
        index.close()
        exact = vectors @ vectors[42]
        assert [id_ for id_, _ in ranking] == [ids[row] for row in np.argsort(-exact)[:10]]
        assert [score for _, score in ranking] == pytest.approx(
            sorted(exact, reverse=True)[:10], abs=1e-5
        )

    def test_more_than_there_is_gives_all(self, tmp_path: Path) -> None:
        index = self.make(tmp_path / "vectors", ["a", "b"], np.eye(2, dtype=np.float32))
        ranking = index.search(np.array([1.0, 0.0], dtype=np.float32), 1_000_000)
        index.close()
        assert [id_ for id_, _ in ranking] == ["a", "b"]
        assert [score for _, score in ranking] == pytest.approx([1.0, 0.0])


class TestMemoryVectorIndex(VectorIndexContract):
    def make(self, folder: Path, ids: list[str], vectors: Vectors) -> VectorIndex:
        return MemoryVectorIndex(ids, vectors)


class TestChromaIndex(VectorIndexContract):
    def make(self, folder: Path, ids: list[str], vectors: Vectors) -> VectorIndex:
        ChromaIndexBuilder().write(folder, ids, np.arange(len(ids)), vectors)
        return ChromaIndex(folder)

    def test_what_memory_held_before_is_in_none_of_its_files(self, tmp_path: Path) -> None:
        secrets = [f"secret {number} " * 40 for number in range(20_000)]
        del secrets
        vectors = HashingEmbedder().embed_documents(["the heron", "the tern", "dogs"])
        self.make(tmp_path, ["a", "b", "c"], vectors).close()
        [data] = tmp_path.rglob("data_level0.bin")
        header = next(tmp_path.rglob("header.bin")).read_bytes()
        size = int.from_bytes(header[28:36], "little")
        assert not any(data.read_bytes()[3 * size :])

    def test_a_missing_index_is_a_broken_release(self, tmp_path: Path) -> None:
        with pytest.raises(ReleaseBroken):
            ChromaIndex(tmp_path)


class TestExactVectors(VectorIndexContract):
    def make(self, folder: Path, ids: list[str], vectors: Vectors) -> VectorIndex:
        write_rows(folder, {id_: id_ for id_ in ids})
        np.save(folder / "vectors.npy", vectors)
        return ExactVectors(folder)


class TestSharedVectors(VectorIndexContract):
    def make(self, folder: Path, ids: list[str], vectors: Vectors) -> VectorIndex:
        names = {id_: f"vector of {id_}" for id_ in ids}
        write_rows(folder, names)
        index = MemoryVectorIndex([*names.values()], vectors)
        return SharedVectors(index, folder / "documents.db")

    def test_a_vector_stands_for_all_chunks_that_share_it_up_to_the_limit(
        self, tmp_path: Path
    ) -> None:
        shared = {f"a{number:03}": "first" for number in reversed(range(150))}
        write_rows(tmp_path, shared | {"b": "second", "c": "third"})
        index = MemoryVectorIndex(["first", "second", "third"], np.eye(3, dtype=np.float32))
        vectors = SharedVectors(index, tmp_path / "documents.db")
        question = np.array([0.9, 0.4, 0.1], dtype=np.float32)
        nearest = vectors.search(question, 3)
        assert [id_ for id_, _ in nearest] == ["a000", "a001", "a002"]
        assert [score for _, score in nearest] == pytest.approx([0.9] * 3)
        ranking = [id_ for id_, _ in vectors.search(question, 151)]
        assert (len(ranking), ranking[-2:]) == (151, ["a149", "b"])
        assert [id_ for id_, _ in vectors.search(question[[1, 0, 2]], 2)] == ["b", "a000"]
        vectors.close()


def write_rows(folder: Path, names: dict[str, str]) -> None:
    """The chunks of a release with the names of their vectors, in order of their rows."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "documents.db")) as database, database:
        database.execute("CREATE TABLE chunks (row INTEGER PRIMARY KEY, id TEXT, vector TEXT)")
        rows = ((row, *pair) for row, pair in enumerate(names.items()))
        database.executemany("INSERT INTO chunks VALUES (?, ?, ?)", rows)


class LexicalIndexContract(ABC):
    """BM25 over words."""

    @abstractmethod
    def make(self, folder: Path, entries: list[LexicalEntry] = WORDS) -> LexicalIndex: ...

    def test_the_chunk_with_the_rarer_word_is_first(self, tmp_path: Path) -> None:
        ranking = self.make(tmp_path).search("Does the HERON carries?", 10)
        assert [id_ for id_, _ in ranking] == ["a", "b"]
        assert ranking[0][1] > ranking[1][1] > 0

    def test_a_rare_term_weighs_more_and_an_unknown_one_most(self, tmp_path: Path) -> None:
        index = self.make(tmp_path)
        weights = index.term_weights("carries heron zebra the")
        [carries, heron, zebra] = (
            weights[index.analyze(w)[0]] for w in ("carries", "heron", "zebra")
        )
        assert zebra > heron > carries > 0
        assert len(weights) == 3

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "?!",
            "the of",
            'title:heron OR "',
            "a^9 [* TO *] {x}",
            "*",
            "(((",
            "\\",
            "é\u0301",
            "犬",
        ],
    )
    def test_query_syntax_is_only_words(self, tmp_path: Path, text: str) -> None:
        assert all(score > 0 for _, score in self.make(tmp_path).search(text, 10))

    def test_a_chunk_is_found_by_the_words_beside_it_too(self, tmp_path: Path) -> None:
        index = self.make(tmp_path)
        assert [id_ for id_, _ in index.search("tern", 10)] == ["b"]
        assert {id_ for id_, _ in index.search_context("tern", 10)} == {"a", "b"}

    def test_a_part_is_searched_alone_with_the_scores_of_the_whole(self, tmp_path: Path) -> None:
        index = self.make(tmp_path)
        whole = dict(index.search("dogs and the heron carries", 10))
        boats = Subset(frozenset({"boats", "absent"}), np.array([0, 1]))
        assert dict(index.search("dogs and the heron carries", 10, boats)) == {
            id_: pytest.approx(whole[id_]) for id_ in ("a", "b")
        }
        assert index.search_context("tern", 10, Subset(frozenset({"dogs"}), np.array([2]))) == []
        assert index.search("heron", 10, Subset(frozenset(), np.array([], dtype=int))) == []

    @pytest.mark.parametrize("text", ["boats carry passengers", "dogs on every boat", "saloon", ""])
    def test_a_part_is_searched_as_if_there_were_nothing_else(
        self, text: str, tmp_path: Path
    ) -> None:
        entries = list(lexical_entries(make_documents(TEXTS)[1]))
        boats = Subset(frozenset({"boats-md", "absent"}), np.array([0, 1]))
        part = self.make(tmp_path / "whole", entries).part(boats)
        alone = self.make(tmp_path / "alone", entries[:2])
        assert part.analyze(text) == alone.analyze(text)
        assert part.term_weights(text) == alone.term_weights(text)
        assert dict(part.search(text, 10)) == pytest.approx(dict(alone.search(text, 10)))
        found = part.search_context(text, 10)
        assert dict(found) == pytest.approx(dict(alone.search_context(text, 10)))
        assert part.search_context(text, 1) == found[:1]
        filtered = Subset(frozenset({"dogs-md"}), np.array([2]))
        assert part.search(text, 10, filtered) == part.part(filtered).search(text, 10) == []

    def test_a_field_name_does_not_select_by_id(self, tmp_path: Path) -> None:
        assert self.make(tmp_path).search("id:c", 10) == []


class TestMemoryLexicalIndex(LexicalIndexContract):
    def make(self, folder: Path, entries: list[LexicalEntry] = WORDS) -> LexicalIndex:
        return memory_lexical_index(
            [Chunk(id_, owner, Span(0, len(text)), text) for id_, owner, text, _ in entries]
        )


class TestTantivyIndex(LexicalIndexContract):
    def make(self, folder: Path, entries: list[LexicalEntry] = WORDS) -> LexicalIndex:
        TantivyIndexBuilder().write(folder / "lexical", iter(entries), "english")
        words = [
            ChunkWords(row, id_, owner, text) for row, (id_, owner, text, _) in enumerate(entries)
        ]
        return TantivyIndex(folder / "lexical", "english", lambda: words)

    def test_words_are_stemmed_by_the_language(self, tmp_path: Path) -> None:
        assert self.make(tmp_path).search("passenger", 1)[0][0] == "a"

    def test_a_missing_index_is_a_broken_release(self, tmp_path: Path) -> None:
        with pytest.raises(ReleaseBroken):
            TantivyIndex(tmp_path / "absent", "english")


class DocumentStoreContract(ABC):
    """Texts and chunks by id."""

    @abstractmethod
    def make(self, folder: Path) -> ReleaseDocuments: ...

    def test_chunks_are_spans_of_their_documents(self, tmp_path: Path) -> None:
        store = self.make(tmp_path)
        found = store.chunks(["boats-md-1", "absent", "dogs-md-0"])
        assert sorted(found) == ["boats-md-1", "dogs-md-0"]
        for chunk, reference in found.values():
            text = store.document(reference.id).text
            assert text == TEXTS[reference.source]
            assert text[chunk.span.start : chunk.span.end] == chunk.text

    def test_neighbours_stay_in_their_document(self, tmp_path: Path) -> None:
        beside = self.make(tmp_path).neighbours(["boats-md-0", "boats-md-1", "dogs-md-0"])
        assert beside == {"boats-md-0": ("boats-md-1",), "boats-md-1": ("boats-md-0",)}

    def test_a_chunk_names_its_document(self, tmp_path: Path) -> None:
        store, ids = self.make(tmp_path), ["boats-md-1", "absent", "dogs-md-0"]
        assert store.rows(ids) == {"boats-md-1": 1, "dogs-md-0": 2}
        assert store.owners(ids) == {"boats-md-1": "boats-md", "dogs-md-0": "dogs-md"}

    def test_a_reader_finds_nothing_but_what_they_may_read(self, tmp_path: Path) -> None:
        everything = self.make(tmp_path)
        assert everything.subset(()) is None
        public = everything.as_read_by({PUBLIC})
        assert sorted(public.chunks(["leave-md-0", "dogs-md-0"])) == ["dogs-md-0"]
        assert [each.id for each in public.references()] == ["boats-md", "dogs-md"]
        with pytest.raises(DocumentNotFound):
            public.document("leave-md")
        assert find(public, ()) == {"boats-md": 2, "dogs-md": 1}
        board = everything.as_read_by({"board"})
        assert board.document("leave-md").access == ("board", "hr")
        assert find(board, ()) == {"leave-md": 2}
        assert find(everything.as_read_by({"x' OR '1'='1", '"]'}), ()) == {}

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({"team": "hr"}, {"leave-md"}),
            ({"year": 2011}, {"boats-md"}),
            ({"year": {"gte": 2011, "lt": 2020}}, {"boats-md", "dogs-md"}),
            ({"year": {"gt": 2011}}, {"dogs-md", "leave-md"}),
            ({"year": {"lte": 2015.5}, "draft": True}, {"dogs-md"}),
            ({"tags": "animals"}, {"dogs-md"}),
            ({"tags": {"any": ["animals", "fleet", "none"]}}, {"boats-md", "dogs-md"}),
            ({"approved": {"gte": "2024-01-01", "lt": "2025"}}, {"leave-md"}),
            ({"source": {"prefix": "d"}}, {"dogs-md"}),
            ({"source": {"prefix": ""}}, {"boats-md", "dogs-md", "leave-md"}),
            ({"document": "boats-md"}, {"boats-md"}),
            ({"team": "hr", "source": "dogs.md"}, set()),
            ({"team": "hr' OR 'a' = 'a"}, set()),
        ],
    )
    def test_filters_select_documents_by_their_labels(
        self, filters: dict[str, object], found: set[str], tmp_path: Path
    ) -> None:
        assert set(find(self.make(tmp_path), parse_filters(filters))) == found

    def test_a_subset_holds_the_rows_of_its_documents(self, tmp_path: Path) -> None:
        subset = self.make(tmp_path).subset(parse_filters({"source": {"any": ["dogs.md", "x"]}}))
        assert subset is not None
        assert subset.rows.tolist() == [2]

    @pytest.mark.parametrize("filters", [{"colour": "red"}, {"title": {"gte": 3}}])
    def test_a_field_that_is_not_there_or_of_another_kind_is_refused(
        self, filters: dict[str, object], tmp_path: Path
    ) -> None:
        with pytest.raises(InvalidFilter, match=next(iter(filters))):
            self.make(tmp_path).subset(parse_filters(filters))

    def test_the_fields_of_what_may_not_be_read_are_unknown(self, tmp_path: Path) -> None:
        public = self.make(tmp_path).as_read_by({PUBLIC})
        with pytest.raises(InvalidFilter) as caught:
            public.subset(parse_filters({"approved": "2024-03-01"}))
        assert "filter by document, draft, media_type, source" in str(caught.value)

    def test_a_character_is_found_in_its_chunk(self, tmp_path: Path) -> None:
        store = self.make(tmp_path)
        second = TEXTS["leave.md"].index("Sick leave")
        found = [store.chunk_at("leave-md", at) for at in (0, second - 1, second, 10_000)]
        places = [chunk.id if chunk else None for chunk in found]
        assert places == ["leave-md-0", "leave-md-0", "leave-md-1", "leave-md-1"]
        assert store.chunk_at("absent", 0) is None
        assert store.as_read_by({PUBLIC}).chunk_at("leave-md", 0) is None

    def test_an_unknown_document_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentNotFound):
            self.make(tmp_path).document("absent")


def find(store: ReleaseDocuments, conditions: tuple[Condition, ...]) -> dict[str, int]:
    """The documents of a subset, each with the number of its chunks."""
    subset = store.subset(conditions)
    assert subset is not None
    return {id_: len(store.chunk_ids(id_)) for id_ in subset.documents}


class TestMemoryDocumentStore(DocumentStoreContract):
    def make(self, folder: Path) -> ReleaseDocuments:
        return MemoryDocumentStore(*make_documents(TEXTS, ABOUT))


class TestSqliteDocumentStore(DocumentStoreContract):
    def make(self, folder: Path) -> ReleaseDocuments:
        write_documents(folder / "documents.db")
        return SqliteDocumentStore(folder / "documents.db")

    @pytest.mark.parametrize("content", [None, b"", b"not a database at all, but long enough" * 9])
    def test_a_damaged_database_is_a_broken_release(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        path = tmp_path / "documents.db"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ReleaseBroken):
            SqliteDocumentStore(path).document("x")


def write_documents(
    path: Path, texts: dict[str, str] = TEXTS, about: Mapping[str, About] = ABOUT
) -> None:
    """The small corpus as a release's documents.db, made as the document side makes it."""
    documents, chunks = make_documents(texts, about)
    with open_ledger(path.with_name("ledger.db")) as ledger:
        for document in documents:
            own = [chunk for chunk in chunks if chunk.document_id == document.id]
            ledger.put_document(
                document.source, StoredDocument(document, False), own, chunked_by=""
            )
        with filled(ledger, path):
            pass
