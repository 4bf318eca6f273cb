"""In-memory implementations of the ports, exact and small: for tests and for trying an idea."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence, Set
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np

from rag.adapters.indexes.counted_words import ChunkWords, CountedPart, CountedWords
from rag.domain import Chunk, Document, DocumentRef
from rag.errors import DocumentNotFound
from rag.ports import Embedder, LexicalEntry, Ranking, Rows, Subset, Vectors
from rag.releases.editions import Edition, find_families, read_edition, superseded_by, today
from rag.releases.filters import Condition, check_condition, kind_of, labels_of
from rag.releases.folder import OpenRelease
from rag.releases.manifest import RELEASE_FORMAT, Manifest, hash_ids

DIMENSIONS = 256  # chosen: few words of a small corpus share one
WORD = re.compile(r"\w+")
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do does for from how in is it of on or that the to was what "
        "when where which who with",
    )
)


class HashingEmbedder:
    """Bag-of-words vectors by feature hashing: texts that share words are near, without a model."""

    fingerprint = "hashing@1"
    max_tokens = 254

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words of each text, a long one counted as several."""
        return [sum(1 + len(word) // 8 for word in WORD.findall(text)) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape `(len(texts), dimensions)`."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _words(text) or [text]:
                digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest()
                vectors[row, int.from_bytes(digest) % DIMENSIONS] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / norms, dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_documents`."""
        return self.embed_documents(texts)

    def for_sentences(self, question: str) -> "HashingEmbedder":
        """Itself."""
        return self


class MemoryVectorIndex:
    """Exact cosine search over unit vectors held as one array."""

    def __init__(self, ids: Sequence[str], vectors: Vectors) -> None:
        self._ids = list(ids)
        self._vectors = vectors

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` nearest ids with their cosine, best first, ties in order of id."""
        return self.nearest(vector, np.arange(len(self._ids)), limit)

    def nearest(self, vector: Vectors, rows: Rows, limit: int) -> Ranking:
        """As `search`, among the ids of `rows` alone."""
        scores = self._vectors[rows] @ vector
        return _best({self._ids[row]: float(s) for row, s in zip(rows, scores, strict=True)}, limit)

    def read(self, rows: Rows) -> Vectors:
        """The vectors of these rows."""
        return self._vectors[rows]

    def close(self) -> None:
        """Nothing is held."""


def memory_lexical_index(chunks: Sequence[Chunk]) -> CountedPart:
    """BM25 over words, without stemming; the chunks in order of document and place."""
    words = [
        ChunkWords(row, chunk.id, chunk.document_id, chunk.embedded_text)
        for row, chunk in enumerate(chunks)
    ]
    documents = frozenset(chunk.document_id for chunk in chunks)
    return CountedWords(lambda: words, _words, "none").part(
        Subset(documents, np.arange(len(chunks)))
    )


class MemoryDocumentStore:
    """Documents and their chunks, the chunks given in order of document and place."""

    def __init__(
        self,
        documents: Sequence[Document],
        chunks: Sequence[Chunk],
        *,
        today: Callable[[], str] = today,
    ) -> None:
        self.today = today
        self._documents = {document.id: document for document in documents}
        self._order = list(chunks)
        self._row = {chunk.id: row for row, chunk in enumerate(chunks)}
        self._readers: Set[str] | None = None

    def as_read_by(self, readers: Set[str]) -> "MemoryDocumentStore":
        """The same store, in which there is only what one of `readers` may read."""
        view = copy(self)
        view._readers = readers
        view._documents = {
            id_: document
            for id_, document in self._documents.items()
            if readers & set(document.access)
        }
        return view

    def subset(self, conditions: Sequence[Condition]) -> Subset | None:
        """The documents shown that meet all `conditions`. Raises InvalidFilter for a new field."""
        if self._readers is None and not conditions:
            return None
        labels = {id_: labels_of(document) for id_, document in self._documents.items()}
        known: dict[str, set[str]] = {}
        for field, values in (item for each in labels.values() for item in each.items()):
            known.setdefault(field, set()).update(kind_of(value) for value in values)
        for condition in conditions:
            check_condition(condition, known)
        found = {id_ for id_, each in labels.items() if all(c.holds(each) for c in conditions)}
        rows = [row for row, chunk in enumerate(self._order) if chunk.document_id in found]
        return Subset(frozenset(found), np.array(rows, dtype=np.int64))

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The row of each of these chunks; unknown ids are absent."""
        return {id_: self._row[id_] for id_ in ids if id_ in self._row}

    def owners(self, ids: Sequence[str]) -> dict[str, str]:
        """The document of each of these chunks, by id."""
        return {id_: self._order[row].document_id for id_, row in self.rows(ids).items()}

    def chunks(self, ids: Sequence[str]) -> dict[str, tuple[Chunk, DocumentRef]]:
        """The chunks with these ids and their documents; unknown ids are absent."""
        found = [self._order[self._row[id_]] for id_ in ids if id_ in self._row]
        shown = {each.document_id for each in found} & self._documents.keys()
        references = {id_: self.document(id_).reference for id_ in shown}
        return {c.id: (c, references[c.document_id]) for c in found if c.document_id in shown}

    def neighbours(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each id the ids of the chunks directly before and after it in its document."""
        return {id_: beside for id_ in ids if (beside := tuple(self._beside(id_)))}

    def _beside(self, id_: str) -> Iterator[str]:
        row = self._row[id_]
        for other in (row - 1, row + 1):
            if 0 <= other < len(self._order):
                chunk = self._order[other]
                if chunk.document_id == self._order[row].document_id:
                    yield chunk.id

    def chunk_at(self, document_id: str, offset: int) -> Chunk | None:
        """The last chunk of a document that begins at or before character `offset`."""
        shown = self._order if document_id in self._documents else []
        of_document = (chunk for chunk in shown if chunk.document_id == document_id)
        return max(
            (chunk for chunk in of_document if chunk.span.start <= offset),
            key=lambda chunk: chunk.span.start,
            default=None,
        )

    def document(self, document_id: str) -> Document:
        """The whole document. Raises DocumentNotFound."""
        other = superseded_by(document_id, self.family(document_id), self.today())
        return replace(self._documents[document_id], superseded_by=other)

    def family(self, document_id: str) -> tuple[Edition, ...]:
        """The versions of a document that are shown, itself among them. Raises DocumentNotFound."""
        if document_id not in self._documents:
            raise DocumentNotFound(f"no document {document_id[:80]!r} in this release")
        known = [read_edition(id_, labels_of(each)) for id_, each in self._documents.items()]
        return find_families(known, lambda labels: ())[document_id]

    def sample(self, count: int) -> list[Chunk]:
        """At most `count` chunks from all over, the same each time."""
        return self._order[:: max(1, len(self._order) // count)][:count]

    def chunk_ids(self, document_id: str) -> list[str]:
        """The chunks of a document, in order."""
        return [chunk.id for chunk in self._order if chunk.document_id == document_id]

    def references(self) -> list[DocumentRef]:
        """All documents, in order of their source."""
        found = (self.document(id_).reference for id_ in self._documents)
        return sorted(found, key=lambda reference: reference.source)

    def close(self) -> None:
        """Nothing is held."""


def memory_release(
    corpus: str,
    number: int,
    *,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    embedder: Embedder,
) -> OpenRelease:
    """A release held in memory, indexed exactly."""
    ids = [chunk.id for chunk in chunks]
    vectors = embedder.embed_documents([chunk.embedded_text for chunk in chunks])
    manifest = Manifest(
        format=RELEASE_FORMAT,
        corpus=corpus,
        release=number,
        created="2026-01-01T00:00:00Z",
        documents=len(documents),
        chunks=len(chunks),
        dimensions=vectors.shape[1],
        language="english",
        embedder=embedder.fingerprint,
        embedder_precision="fp32",
        chunker="given",
        content_hash=hash_ids([document.version for document in documents]),
        chunk_ids_hash=hash_ids(ids),
    )
    index = MemoryVectorIndex(ids, vectors)
    return OpenRelease(
        manifest,
        index,
        index,
        memory_lexical_index(chunks),
        MemoryDocumentStore(documents, chunks),
    )


class OverlapReranker:
    """Scores a text by the share of the question's words that it holds."""

    name = "overlap"

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """All texts, whatever the budget."""
        asked = set(_words(question))
        return [len(asked & set(_words(text))) / (len(asked) or 1) for text in texts]


class MemoryVectorIndexBuilder:
    """Writes ids and vectors as one npz file, for a document side without Chroma."""

    def write(self, folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
        """Create `folder/vectors.npz`."""
        folder.mkdir(parents=True, exist_ok=True)
        ids = np.array(names, dtype=np.str_)
        np.savez(folder / "vectors.npz", ids=ids, vectors=vectors[rows])

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Sequence[str],
        vectors: Vectors,
    ) -> None:
        """Create `folder/vectors.npz` from that in `base`."""
        with np.load(base / "vectors.npz") as held:
            known = dict(zip(held["ids"].tolist(), held["vectors"], strict=True))
        known |= dict(zip(added, vectors, strict=True))
        kept = {id_: vector for id_, vector in known.items() if id_ not in set(removed)}
        held = np.array(list(kept.values()), dtype=np.float32)
        self.write(folder, list(kept), np.arange(len(kept)), held)

    def repair(self, folder: Path, names: Sequence[str], vectors: Vectors) -> None:
        """Nothing is ever lost here."""


class MemoryLexicalIndexBuilder:
    """Writes ids as lines, for a document side without tantivy."""

    def write(self, folder: Path, entries: Iterator[LexicalEntry], language: str) -> None:
        """Create `folder/ids.txt`, one id a line."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ids.txt").write_text("".join(f"{entry.id}\n" for entry in entries))

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Iterator[LexicalEntry],
        language: str,
    ) -> None:
        """Create `folder/ids.txt` from that in `base`."""
        self.write(folder, added, language)
        kept = [id_ for id_ in (base / "ids.txt").read_text().split() if id_ not in set(removed)]
        with (folder / "ids.txt").open("a") as stream:
            stream.writelines(f"{id_}\n" for id_ in kept)


def _words(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def _best(scores: dict[str, float], limit: int) -> Ranking:
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
