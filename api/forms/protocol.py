"""The bodies of OpenAI's protocol, with what stands beside it."""

from typing import Literal

from api.forms.found import CitationForm, FinishReason, Form, Status, UsageForm


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
