"""The words of Plumbline as types: frozen, free of any library, understood by all four packages."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.errors import InvalidCorpusName

CORPUS_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

Status = Literal["answered", "partial", "abstained"]
Verdict = Literal["supported", "differs", "unsupported", "not_checked"]
"""What evidence says of a statement: the same, something else, nothing; headings are not asked."""
FinishReason = Literal["stop", "length", "content_filter"]
"""How a text ended: by itself, at its longest, or cut by the provider's filter."""
Expansion = Literal["none", "multi-query", "hyde"]
"""What else is searched for: other wordings of the question, or a passage that could answer it."""
MetadataValue = str | int | float | bool | tuple[str, ...]
"""What a document's metadata may hold: one value, or several texts."""

Ranking = list[tuple[str, float]]
"""Chunk ids with their scores, best first."""

DAYS = ("date", "valid_from", "valid_to")
"""Metadata that tells of when a document is and holds."""
ISO_DAY = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
PUBLIC = "public"
"""The principal that everybody has."""


def iso_day(said: object) -> str:
    """An ISO date, of a month or year too, as operators write one; empty for anything else."""
    written = str(said).strip()
    return written if ISO_DAY.fullmatch(written) else ""


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
    """What a hit or citation says of its document.

    Days are ISO dates, of which `date` may be a month or year; None where the document does not
    say. `superseded_by` is the id of the document in force that replaces it.
    """

    id: str
    version: str
    source: str
    title: str
    date: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The text extracted from one version of one source.

    `id` comes from corpus and URI and survives edits; `version` is the sha256 of the source.
    `access` names the principals that may read it; every chunk of it goes by the same rule.
    `superseded_by` is as in its reference.
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
    superseded_by: str | None = None

    @property
    def reference(self) -> DocumentRef:
        """What hits and citations say of this document."""
        date, start, end = (iso_day(self.metadata.get(name, "")) or None for name in DAYS)
        at = (self.id, self.version, self.source, self.title)
        return DocumentRef(*at, date, start, end, self.superseded_by)

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
class Wording:
    """One text that was searched for: its rankings and their weights, what they fuse to, and then
    with neighbours."""

    text: str
    rankings: Mapping[str, Ranking]
    weights: Mapping[str, float]
    fused: Mapping[str, float]
    ranked: Ranking


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search of one release with all its stages; those that it did not have are empty.

    `confidence` in [0, 1] says how likely the question's own hits hold an answer; below `threshold`
    none is given. The first of `wordings` is the question; `expanded` fuses them all where there
    are others, `reranked` are the hits that were read again, `versioned` the hits where one of them
    gave way to another version of its document, `passages` what was packed. `instead` names such
    documents with the version that comes first, by their ids.
    """

    query: str
    corpus: str
    release: int
    mode: str
    confidence: float
    hits: tuple[Hit, ...]
    threshold: float = 0.0
    wordings: tuple[Wording, ...] = ()
    expanded: Ranking = field(default_factory=list)
    reranked: Ranking = field(default_factory=list)
    versioned: Ranking = field(default_factory=list)
    instead: Mapping[str, str] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        """Whether there is something to answer from, and the confidence reaches the threshold."""
        return bool(self.hits) and self.confidence >= self.threshold


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Writing:
    """How an answer is to be written; what is None is as the service is set.

    The text ends before the first of `stop` that it would hold.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()


AS_SET = Writing()
"""As the service is set, which is how most requests want it."""


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quote: `quote` is characters `span` of that version of that document.

    Its number is its place among the citations, from 1; page and heading are those of the span.
    """

    number: int
    quote: str
    document: DocumentRef
    release: int
    page: int | None
    span: Span
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer: characters `span` of its text, and what its evidence says of it.

    `citations` are indexes into the answer's citations; `score` in [0, 1] is how likely the
    evidence supports it, None where it was not checked; `reasons` are words for people.
    """

    span: Span
    text: str
    verdict: Verdict
    citations: tuple[int, ...] = ()
    score: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """True if its evidence says something else, or nothing."""
        return self.verdict in ("differs", "unsupported")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the chat model's provider counts them, estimated where nobody does."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that can change an answer, so that two answers can be compared.

    `threshold` is the confidence below which nothing is answered, set or learned; `top_k` is what
    a search returns where it does not say. What is not there is empty; `max_tokens` and
    `temperature` are 0 then.
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
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, and the search that it was made from."""

    id: str
    status: Status
    text: str
    search: SearchResult
    generator: str
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    fingerprint: Fingerprint
    trace_id: str
    usage: Usage = field(default_factory=Usage)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    degraded: bool = False
    finish_reason: FinishReason = "stop"
    standalone_by: Literal["user", "rule", "model"] = "user"
    checked_by: str = ""

    @property
    def corpus(self) -> str:
        """The corpus that was asked."""
        return self.search.corpus

    @property
    def release(self) -> int:
        """The number of the release that was asked."""
        return self.search.release

    @property
    def confidence(self) -> float:
        """How likely what was found holds an answer, in [0, 1]."""
        return self.search.confidence

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What the answer could rest on; when it abstains, what came nearest comes first."""
        return self.search.passages

    @property
    def standalone_question(self) -> str:
        """The question that was searched for."""
        return self.search.query

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
