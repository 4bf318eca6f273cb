"""The words of Plumbline as types: frozen, free of any library, understood by all four packages."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.errors import InvalidCorpusName

CORPUS_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

Status = Literal["answered", "partial", "abstained"]
FinishReason = Literal["stop", "length", "content_filter"]
"""How a text ended: by itself, at its longest, or cut by the provider's filter."""
Mode = Literal["hybrid", "dense", "lexical"]
Expansion = Literal["none", "multi-query", "hyde"]
"""What else is searched for: other wordings of the question, or a passage that could answer it."""
MetadataValue = str | int | float | bool | tuple[str, ...]
"""What a document's metadata may hold: one value, or several texts."""

PUBLIC = "public"
"""The principal that everybody has."""


def check_corpus_name(name: str) -> str:
    """Return `name` if it can be a folder and a model id, else raise InvalidCorpusName."""
    if not CORPUS_NAME.fullmatch(name):
        raise InvalidCorpusName(
            f"corpus name {name[:80]!r} is not allowed: use 1 to 63 of a-z, 0-9, '-' and '_', "
            "starting with a letter or digit"
        )
    return name


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `[start, end)` of a document's extracted text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document: its number from 1 and its span of the text."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """What a hit or citation says of its document."""

    id: str
    version: str
    source: str
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """The text extracted from one version of one source.

    `id` comes from corpus and URI and survives edits; `version` is the sha256 of the source.
    `access` names the principals that may read it; every chunk of it goes by the same rule.
    """

    id: str
    version: str
    source: str
    title: str
    text: str
    media_type: str
    pages: tuple[Page, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    access: tuple[str, ...] = (PUBLIC,)

    @property
    def reference(self) -> DocumentRef:
        """What hits and citations say of this document."""
        return DocumentRef(self.id, self.version, self.source, self.title)

    def page_at(self, offset: int) -> int | None:
        """Number of the page that holds character `offset`, None in a text without pages."""
        found = [page.number for page in self.pages if page.span.start <= offset]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous span of a document: `document.text[span.start:span.end] == text`."""

    id: str
    document_id: str
    span: Span
    text: str
    page: int | None = None
    heading: tuple[str, ...] = ()

    @property
    def embedded_text(self) -> str:
        """What is embedded and indexed: the heading path, then the text itself."""
        return "\n".join([" > ".join(self.heading), self.text]) if self.heading else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, its document, its final score and what each stage gave it."""

    chunk: Chunk
    document: DocumentRef
    score: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Passage:
    """Evidence as it is read: hits of one document that touch, merged into one exact span."""

    document: DocumentRef
    span: Span
    text: str
    page: int | None
    heading: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked hits of one release; `confidence` in [0, 1] says how likely they hold an answer."""

    query: str
    corpus: str
    release: int
    mode: Mode
    confidence: float
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quote: `quote` is characters `span` of that version of that document."""

    number: int
    quote: str
    document: DocumentRef
    release: int
    page: int | None
    span: Span
    supported: bool = True
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and the numbers of the citations that carry it."""

    text: str
    citations: tuple[int, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the chat model, zero where none was asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that can change an answer, so that two answers can be compared.

    `threshold` is the confidence below which nothing is answered, set or learned; `top_k` is what
    a search returns where it does not say. What is not there is empty, and `max_tokens` then 0.
    """

    code: str
    prompt: str
    chat_model: str
    max_tokens: int
    embedder: str
    chunker: str
    retriever: str
    reranker: str
    expansion: str
    threshold: float
    context_characters: int
    top_k: int
    release: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; when it abstains, `passages` begins with what came nearest."""

    id: str
    status: Status
    text: str
    corpus: str
    release: int
    generator: str
    confidence: float
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    fingerprint: Fingerprint
    trace_id: str
    standalone_question: str
    usage: Usage = field(default_factory=Usage)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    degraded: bool = False
    finish_reason: FinishReason = "stop"
    standalone_by: Literal["user", "rule", "model"] = "user"

    @property
    def truncated(self) -> bool:
        """True if the text did not come to its own end."""
        return self.finish_reason != "stop"


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """A piece of an answer's text, in order, while it is being made."""

    text: str


def metadata_to_json(metadata: Mapping[str, MetadataValue]) -> str:
    """Metadata as one line of JSON, the same for the same content."""
    return json.dumps(dict(metadata), sort_keys=True, ensure_ascii=False)


def metadata_from_json(text: str) -> dict[str, MetadataValue]:
    """The metadata that `metadata_to_json` wrote."""
    raw = json.loads(text)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
