"""The seams of Plumbline: small protocols, each with at least two implementations.

Vectors are float32 arrays of unit length, one row a text: shape `(n, dimensions)`.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rag.domain import (
    Chunk,
    Document,
    DocumentRef,
    FinishReason,
    Message,
    Span,
    Usage,
    Verdict,
)
from rag.domain import Ranking as Ranking  # what the indexes give
from rag.journal.exchange import Exchange

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


class LexicalEntry(NamedTuple):
    """What is indexed of a chunk: its own text, and the texts of the chunks beside it."""

    id: str
    document_id: str
    text: str
    beside: str


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """A part of a release: some of its documents, and their rows in `vectors.npy`, ascending."""

    documents: frozenset[str]
    rows: Rows


class TokenCounter(Protocol):
    """Counts tokens as the embedder does."""

    @property
    def max_tokens(self) -> int:
        """Tokens of text that fit the embedder's window, its special tokens already taken off."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        ...


class Embedder(Protocol):
    """Turns text into unit vectors; `fingerprint` changes whenever the vectors would."""

    @property
    def fingerprint(self) -> str:
        """Name, weights hash and precision, in one line."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape `(len(texts), dimensions)`."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, shape `(len(texts), dimensions)`."""
        ...

    def for_sentences(self, question: str) -> "Embedder":
        """What compares sentences with that question: itself, or a part that does as well."""
        ...


class CountingEmbedder(Embedder, TokenCounter, Protocol):
    """An embedder that also knows its own tokens."""


class VectorIndex(Protocol):
    """Nearest neighbours by cosine over one release."""

    def search(self, vector: Vectors, limit: int) -> Ranking:
        """The `limit` chunks nearest to `vector` (shape `(dimensions,)`) with their cosine."""
        ...

    def close(self) -> None:
        """Let go of files and memory."""
        ...


class VectorRows(Protocol):
    """The vectors of a release themselves, by their rows."""

    def nearest(self, vector: Vectors, rows: Rows, limit: int) -> Ranking:
        """The `limit` chunks nearest to `vector` among those of `rows`, found exactly."""
        ...

    def read(self, rows: Rows) -> Vectors:
        """The vectors of these rows."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class LexicalIndex(Protocol):
    """BM25 over one release."""

    def search(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """The `limit` best chunks by BM25, those of `subset` only if given.

        `text` is plain words, never query syntax.
        """
        ...

    def search_context(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """As `search`, each chunk read together with the chunks beside it."""
        ...

    def term_weights(self, text: str) -> dict[str, float]:
        """Inverse document frequency of each analysed term of `text`, stop words left out.

        A term that no chunk holds is replaced by what it is read as, with a share of the weight.
        """
        ...

    def readings(self, text: str) -> dict[str, tuple[str, ...]]:
        """What the terms of `text` that no chunk holds are read as: the nearest that some do."""
        ...

    def unknown_terms(self, text: str) -> list[str]:
        """The terms of `text` that no chunk holds, whatever they are read as."""
        ...

    def part(self, subset: Subset) -> "LexicalIndex":
        """The chunks of `subset` as if there were no others: their words alone are counted."""
        ...

    def analyze(self, text: str) -> list[str]:
        """The terms of `text` as the index sees them: lower-case, stemmed, no stop words."""
        ...


class DocumentStore(Protocol):
    """Texts and chunks of one release, by id."""

    def chunks(self, ids: Sequence[str]) -> dict[str, tuple[Chunk, DocumentRef]]:
        """The chunks with these ids; unknown ids are absent."""
        ...

    def neighbours(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each id the ids of the chunks directly before and after it in its document."""
        ...

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The row in `vectors.npy` of each of these chunks; unknown ids are absent.

        The rows of one document are in the order of its chunks, without a gap.
        """
        ...

    def owners(self, ids: Sequence[str]) -> dict[str, str]:
        """The document of each of these chunks, by id."""
        ...

    def chunk_at(self, document_id: str, offset: int) -> Chunk | None:
        """The last chunk of a document that begins at or before character `offset`."""
        ...

    def document(self, document_id: str) -> Document:
        """The whole document. Raises DocumentNotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """A text that claims are held against, and where it stands."""

    text: str
    title: str = ""
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement without marks, and the places in the evidence that it names; none: all of it."""

    text: str
    evidence: tuple[int, ...] = ()


class Quote(NamedTuple):
    """Characters `span` of the text of evidence number `evidence`, counted from 0."""

    evidence: int
    span: Span


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence says of one claim: how likely it supports it, why not, and where.

    The best quote comes first; there is none where nothing speaks of the claim. `signals` are what
    the judgement rests on, by name, where the checker weighs such.
    """

    verdict: Verdict
    score: float
    reasons: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict, compare=False)


class SupportChecker(Protocol):
    """Tells whether evidence carries claims."""

    @property
    def name(self) -> str:
        """What checks, and what of its weights tells it from others."""
        ...

    async def check(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """One judgement a claim; claims may need `question` to be understood, as "No." does."""
        ...


class WordEmbedder(Protocol):
    """Turns the words of texts into unit vectors, each read in its text."""

    @property
    def name(self) -> str:
        """The model and what of its weights tells it from others."""
        ...

    def embed_words(self, texts: Sequence[Sequence[str]]) -> list[Vectors]:
        """For each text, given as words without spaces, one vector a word; zeros for no piece."""
        ...

    def weigh_words(self, words: Sequence[str]) -> Vectors:
        """How rare each word is, from about 0 to 7: a logarithm of its inverse frequency."""
        ...


class Reranker(Protocol):
    """Reads question and text together."""

    @property
    def name(self) -> str:
        """The model and what of its weights tells it from others."""
        ...

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """How well each text answers, in [0, 1], for as many from the first as time allows."""
        ...


class QuestionLog(Protocol):
    """Keeps what the service was asked."""

    def record(self, exchange: Exchange) -> None:
        """Keep it soon, without making the request wait or fail."""
        ...

    def close(self) -> None:
        """Return when everything is kept."""
        ...


class ChatStream(Protocol):
    """One reply of a chat model while it arrives; usable once."""

    @property
    def usage(self) -> Usage:
        """Tokens used, known when the stream has ended."""
        ...

    @property
    def finish_reason(self) -> FinishReason:
        """Why the model stopped, known when the stream has ended."""
        ...

    def __aiter__(self) -> AsyncIterator[str]:
        """Pieces of text, never blank as a whole.

        Raises ChatModelUnavailable first or ChatModelTruncated later.
        """
        ...


class ChatModel(Protocol):
    """A chat model of any provider."""

    @property
    def name(self) -> str:
        """Provider and model as configured, e.g. `openai:gpt-x`."""
        ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float | None = None
    ) -> ChatStream:
        """Start a reply, at the model's own temperature if None.

        Nothing is sent before the result is iterated.
        """
        ...


class VectorIndexBuilder(Protocol):
    """Writes the vector index of a release."""

    def write(self, folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
        """Create the index of `vectors[rows]` in the empty or missing `folder` and close it."""
        ...

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Sequence[str],
        vectors: Vectors,
    ) -> None:
        """Create the index in the missing `folder` from that in `base`, which stays as it is.

        `vectors` are those of `added`, in order.
        """
        ...

    def repair(self, folder: Path, names: Sequence[str], vectors: Vectors) -> None:
        """Put these vectors, which the index in `folder` holds and does not find, in once more."""
        ...


class LexicalIndexBuilder(Protocol):
    """Writes the lexical index of a release."""

    def write(self, folder: Path, entries: Iterator[LexicalEntry], language: str) -> None:
        """Create the index in the empty or missing `folder`."""
        ...

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Iterator[LexicalEntry],
        language: str,
    ) -> None:
        """Create the index in the missing `folder` from that in `base`, which stays as it is."""
        ...
