"""Bodies of requests; what is not named here is ignored, as OpenAI's clients expect."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rag.domain import Message, Mode

Text = Annotated[str, Field(max_length=64_000)]


class Body(BaseModel):
    """Strict about types, lenient about unknown fields."""

    model_config = ConfigDict(extra="ignore", strict=True)


class TextPart(Body):
    """One part of a message's content; parts that are not text are refused."""

    type: Literal["text"]
    text: Text


class ChatMessage(Body):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[TextPart] | None = None

    def to_message(self) -> Message:
        """The message as text."""
        content = self.content or ""
        if isinstance(content, list):
            content = "\n".join(part.text for part in content)
        if self.role in ("user", "assistant"):
            return Message(self.role, content)
        return Message("system", content)


Messages = Annotated[list[ChatMessage], Field(min_length=1, max_length=200)]


class StreamOptions(Body):
    """What a stream carries besides text."""

    include_usage: bool = False


class ChatRequest(Body):
    """`POST /v1/chat/completions`; `model` is the corpus."""

    model: Annotated[str, Field(min_length=1, examples=["handbook"])]
    messages: Messages
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    citations: bool = True

    @property
    def limit(self) -> int | None:
        """Tokens that the caller allows."""
        return self.max_completion_tokens or self.max_tokens


class Filtered(Body):
    """A request that may one day be filtered; until then a filter is refused, never ignored."""

    corpus: Annotated[str, Field(min_length=1, examples=["handbook"])]
    filters: dict[str, Any] | None = None

    @model_validator(mode="after")
    def refuse_filters(self) -> "Filtered":
        """Raise ValueError for any filter."""
        if self.filters:
            raise ValueError("filters are not supported yet: leave `filters` out")
        return self


class SearchRequest(Filtered):
    """`POST /v1/search`."""

    query: str
    top_k: Annotated[int, Field(ge=1, le=100)] = 10
    mode: Mode | None = None
    release: Annotated[int | None, Field(ge=1)] = None


class AnswerRequest(Filtered):
    """`POST /v1/answers`: a question, or a conversation that ends with one."""

    question: str | None = None
    messages: Messages | None = None
    stream: bool | None = False

    @model_validator(mode="after")
    def require_a_question(self) -> "AnswerRequest":
        """Raise ValueError unless there is exactly one of `question` and `messages`."""
        if (self.question is None) == (self.messages is None):
            raise ValueError("give either `question` or `messages`")
        return self

    def conversation(self) -> list[Message]:
        """The conversation that is asked."""
        if self.messages is None:
            return [Message("user", self.question or "")]
        return [message.to_message() for message in self.messages]
