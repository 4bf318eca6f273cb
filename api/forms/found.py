"""The bodies of searches, answers and explanations."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel

from api.bodies import ErrorBody

FinishReason = Literal["stop", "length", "content_filter"]
Status = Literal["answered", "partial", "abstained"]


class Form(BaseModel):
    """A body that holds these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class SpanForm(Form):
    """Characters `[start, end)`."""

    start: int
    end: int


class DocumentForm(Form):
    """The document of a hit or citation; days are ISO dates."""

    id: str
    version: str
    source: str
    title: str
    date: str | None
    valid_from: str | None
    valid_to: str | None
    superseded_by: str | None


class HitForm(Form):
    """A chunk that was found."""

    rank: int
    score: float
    scores: dict[str, float]
    chunk_id: str
    text: str
    span: SpanForm
    page: int | None
    heading: list[str]
    document: DocumentForm


class SearchForm(Form):
    """Ranked chunks."""

    object: Literal["list"]
    corpus: str
    release: int
    mode: str
    confidence: float
    data: list[HitForm]


class CitationForm(Form):
    """An exact quote and where it stands."""

    number: int
    quote: str
    document: DocumentForm
    release: int
    page: int | None
    heading: list[str]
    span: SpanForm


class SentenceForm(Form):
    """A sentence of the text, what its evidence says of it, and indexes into `citations`."""

    start: int
    end: int
    text: str
    verdict: Literal["supported", "differs", "unsupported", "not_checked"]
    supported: bool
    score: float | None
    reasons: list[str]
    citations: list[int]


class MarkForm(Form):
    """A mark in the text, and the index of the citation that it names."""

    start: int
    end: int
    citation: int


class GivenQuoteForm(Form):
    """An exact quote of a passage that came with the request."""

    number: int
    quote: str
    passage: str
    page: None
    heading: list[str]
    span: SpanForm


class CheckForm(Form):
    """Each sentence of a text with its verdict, and the quotes that decide."""

    object: Literal["check"]
    status: Literal["supported", "partial", "unsupported"]
    score: float
    sentences: list[SentenceForm]
    citations: list[CitationForm | GivenQuoteForm]
    checked_by: str


class PassageForm(Form):
    """Evidence as it was read."""

    text: str
    span: SpanForm
    page: int | None
    heading: list[str]
    document: DocumentForm


class UsageForm(Form):
    """Tokens, estimated where no provider counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerForm(Form):
    """An answer with checked quotes."""

    id: str
    object: Literal["answer"]
    status: Status
    text: str
    confidence: float
    corpus: str
    release: int
    generator: str
    citations: list[CitationForm]
    sentences: list[SentenceForm]
    marks: list[MarkForm]
    checked_by: str | None
    fingerprint: dict[str, str | int | float]
    trace_id: str
    standalone_question: str
    standalone_by: Literal["user", "rule", "model"]
    usage: UsageForm
    timings_ms: dict[str, float]
    degraded: bool
    truncated: bool
    finish_reason: FinishReason
    nearest: list[PassageForm] | None = None
    passages: list[PassageForm] | None = None


class PlaceForm(Form):
    """Where a stage of a search put a candidate."""

    rank: int
    score: float


class CandidateForm(Form):
    """A candidate of a search, and where each stage put it."""

    rank: int
    chunk_id: str
    text: str
    span: SpanForm
    page: int | None
    heading: list[str]
    document: DocumentForm
    is_used: bool
    places: dict[str, PlaceForm]


class ExplanationForm(Form):
    """What each stage of a search did."""

    object: Literal["explanation"]
    corpus: str
    release: int
    mode: str
    standalone_question: str
    standalone_by: Literal["user", "rule", "model"]
    wordings: list[str]
    confidence: float
    threshold: float
    is_answered: bool
    terms: dict[str, float]
    readings: dict[str, list[str]]
    chunks: int
    searched: int
    kept: dict[str, int]
    data: list[CandidateForm]
    document: dict[str, Any] | None


class DeltaForm(Form):
    """The data of an event `delta`."""

    text: str


class AnswerEvent(RootModel[DeltaForm | AnswerForm | ErrorBody]):
    """The data of an event `delta`, `answer` or `error`."""
