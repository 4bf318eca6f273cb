"""The bodies of replies as the OpenAPI document describes them; nothing is made of them here."""

from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.json_schema import models_json_schema

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
    checked_by: str
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


class ModelForm(Form):
    """A corpus as a model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsForm(Form):
    """All corpora as models."""

    object: Literal["list"]
    data: list[ModelForm]


class UrlCitationForm(Form):
    """A mark `[n]` of the text, as characters `[start_index, end_index)`, and its quote."""

    url: str
    title: str
    start_index: int
    end_index: int


class AnnotationForm(Form):
    """An annotation as OpenAI has it."""

    type: Literal["url_citation"]
    url_citation: UrlCitationForm


class Extras(Form):
    """What stands beside the text unless `citations` is false."""

    annotations: list[AnnotationForm] | None = None
    citations: list[CitationForm] | None = None
    status: Status | None = None
    release: int | None = None
    degraded: bool | None = None
    answer_id: str | None = None


class MessageForm(Extras):
    """The assistant's message."""

    role: Literal["assistant"]
    content: str


class ChoiceForm(Form):
    """The one choice."""

    index: int
    message: MessageForm
    finish_reason: FinishReason


class CompletionForm(Form):
    """An answer as a chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChoiceForm]
    usage: UsageForm


class ChunkDeltaForm(Extras):
    """A piece of the message, on the last chunk what stands beside it."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoiceForm(Form):
    """The one choice of a chunk."""

    index: int
    delta: ChunkDeltaForm
    finish_reason: FinishReason | None


class ChunkForm(Extras):
    """One event of a streamed completion; the last one may hold `usage` and no choice."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoiceForm]
    usage: UsageForm | None = None


class DeltaForm(Form):
    """The data of an event `delta`."""

    text: str


class AnswerEvent(RootModel[DeltaForm | AnswerForm | ErrorBody]):
    """The data of an event `delta`, `answer` or `error`."""


class CorpusForm(Form):
    """A corpus and its live release."""

    id: str
    object: Literal["corpus"]
    release: int
    created: str
    documents: int
    chunks: int
    language: str
    embedder: str
    precision_note: str | None


class ListedDocumentForm(Form):
    """A document of a corpus; the last three of one that is asked for alone."""

    id: str
    object: Literal["document"]
    version: str
    source: str
    title: str
    media_type: str | None = None
    characters: int | None = None
    pages: int | None = None


class PageForm(Form):
    """A part of a list, `last_id` to go on from."""

    object: Literal["list"]
    has_more: bool
    first_id: str | None
    last_id: str | None


class CorporaForm(PageForm):
    """All corpora."""

    data: list[CorpusForm]


class DocumentsForm(PageForm):
    """Documents in the order of their source."""

    data: list[ListedDocumentForm]


class AliveForm(Form):
    """The process answers."""

    status: Literal["alive"]


class ReadyForm(Form):
    """Whether each part is `ok`, or why not."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str]


class VersionForm(Form):
    """The version of the code."""

    version: str


Responses = dict[int | str, dict[str, Any]]  # as FastAPI takes them


def replies(form: type[Form], *, events: type[BaseModel] | None = None) -> Responses:
    """The reply of a route for its documentation, and the data of its events if it streams."""
    if events is None:
        return {200: {"model": form}}
    schema = {"$ref": f"#/components/schemas/{events.__name__}"}
    return {200: {"model": form, "content": {"text/event-stream": {"schema": schema}}}}


def document_events(app: FastAPI) -> None:
    """Put the data of events into the OpenAPI document, which FastAPI leaves out."""
    describe = app.openapi
    streamed: list[tuple[type[BaseModel], Literal["serialization"]]] = [
        (ChunkForm, "serialization"),
        (AnswerEvent, "serialization"),
    ]
    _, definitions = models_json_schema(streamed, ref_template="#/components/schemas/{model}")

    def describe_all() -> dict[str, Any]:
        schema = describe()
        schema["components"]["schemas"] |= definitions["$defs"]
        return schema

    app.openapi = describe_all  # type: ignore[method-assign]  # as FastAPI's own documentation has it
