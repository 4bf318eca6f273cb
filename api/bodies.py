"""Bodies of requests; what is not named here is ignored, as OpenAI's clients expect."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from rag.answering.checking.given import GivenPassage
from rag.domain import Expansion, Message, Writing
from rag.errors import UnsupportedParameter
from rag.releases.filters import parse_filters
from rag.retrieval.retrievers import RETRIEVERS
from rag.retrieval.scope import Scope

QUESTION = "How many weeks of parental leave do we get?"
RECENT_MESSAGES = 40  # chosen: twenty turns, more than any follow-up refers to
RECENT_BYTES = 64_000  # chosen: 16,000 tokens, half of a small context window
Text = Annotated[str, Field(max_length=64_000)]
Corpus = Annotated[str, Field(min_length=1, examples=["handbook"])]


class Body(BaseModel):
    """Strict about types, lenient about unknown fields."""

    model_config = ConfigDict(extra="ignore", strict=True)


def list_retrievers(schema: dict[str, Any]) -> None:  # a schema holds anything
    """Put the names that there are into the schema of a text that may be null."""
    schema["anyOf"][0]["enum"] = [*RETRIEVERS]


def whole(value: object) -> object:
    """A whole number that was written as 256.0, as JSON lets one; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Tokens = Annotated[int, BeforeValidator(whole), Field(ge=1)]
Stop = Annotated[str, Field(min_length=1, max_length=200)]


class SearchingBody(Body):
    """What every request may say of its search; what it leaves out is as the service is set."""

    filters: Annotated[
        dict[str, object] | None,
        Field(
            description="What must be known of a document: for each field a value, or conditions "
            "any, gte, gt, lte, lt, prefix",
            examples=[{"source": {"prefix": "people/"}}],
        ),
    ] = None
    mode: Annotated[
        str | None,
        Field(description="RAG_RETRIEVER if left out", json_schema_extra=list_retrievers),
    ] = None
    rerank: Annotated[
        bool | None, Field(description="False leaves the reranker out, if there is one")
    ] = None
    expansion: Annotated[
        Expansion | None,
        Field(
            description="RAG_EXPANSION if left out; of answers and explanations, with a chat model"
        ),
    ] = None

    @property
    def scope(self) -> Scope:
        """What is searched, and how. Raises InvalidFilter, InvalidRetriever."""
        return Scope(
            filters=parse_filters(self.filters),
            mode=self.mode,
            rerank=self.rerank,
            expansion=self.expansion,
        )


class WritingBody(SearchingBody):
    """What a request may say of how its answer is written."""

    max_tokens: Annotated[Tokens | None, Field(description="Longest answer")] = None
    temperature: Annotated[
        float | None,
        Field(ge=0, le=2, description="Of the chat model; RAG_CHAT_TEMPERATURE if left out"),
    ] = None
    stop: Annotated[
        Stop | Annotated[list[Stop], Field(max_length=4)] | None,
        Field(description="Up to four texts before which the answer ends"),
    ] = None

    @property
    def writing(self) -> Writing:
        """How the caller wants the answer written."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Writing(self.max_tokens, self.temperature, tuple(stop))


class TextPart(Body):
    """One part of a message's content; a model's refusal is read as its text."""

    type: Literal["text", "refusal"]
    text: Text = ""
    refusal: Text = ""


class ChatMessage(Body):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[TextPart] | None = None

    @field_validator("content", mode="before")
    @classmethod
    def require_text(cls, content: object) -> object:
        """Raise ValueError, in plain words, for what is no text."""
        if content is None or isinstance(content, str):
            return content
        if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
            raise ValueError("content must be a text or a list of text parts")
        kinds = {str(part.get("type")) for part in content} - {"text", "refusal"}
        if kinds:
            raise ValueError(f"only text parts are read: leave out {', '.join(sorted(kinds))}")
        return content

    def to_message(self) -> Message:
        """The message as text."""
        content = self.content or ""
        if isinstance(content, list):
            content = "\n".join(part.text or part.refusal for part in content)
        if self.role in ("user", "assistant"):
            return Message(self.role, content)
        return Message("system", content)


Messages = Annotated[list[ChatMessage], Field(min_length=1)]


def read_recent(messages: Sequence[ChatMessage]) -> list[Message]:
    """The end of a conversation, as much of it as is read: the last message always."""
    recent: list[Message] = []
    size = 0
    for message in reversed(messages[-RECENT_MESSAGES:]):
        read = message.to_message()
        size += len(read.content.encode(errors="surrogatepass"))
        if recent and size > RECENT_BYTES:
            break
        recent.append(read)
    return recent[::-1]


class StreamOptions(Body):
    """What a stream carries besides text."""

    include_usage: bool = False


class ChatRequest(WritingBody):
    """`POST /v1/chat/completions`; `model` is the corpus."""

    model: Annotated[Corpus, Field(description="Name of the corpus")]
    messages: Annotated[
        Messages,
        Field(
            description="The conversation, the question last; content is text or a list of texts",
            examples=[[{"role": "user", "content": QUESTION}]],
        ),
    ]
    stream: Annotated[bool | None, Field(description="Reply with server-sent events")] = False
    stream_options: Annotated[
        StreamOptions | None, Field(description="`include_usage` adds a last chunk with tokens")
    ] = None
    max_completion_tokens: Annotated[
        Tokens | None, Field(description="Newer name of `max_tokens`")
    ] = None
    citations: Annotated[bool, Field(description="Add `citations` to OpenAI's own fields")] = True

    sources: Annotated[
        Literal["fields", "text"] | None,
        Field(description="`text` adds a list of sources to the text; RAG_SOURCES if left out"),
    ] = None
    n: Annotated[Any, Field(description="One reply is all there is")] = None
    tools: Annotated[Any, Field(description="None, or with `tool_choice` `none`")] = None
    tool_choice: Annotated[Any, Field(description="`none`, or left out")] = None
    functions: Annotated[Any, Field(description="As `tools`")] = None
    function_call: Annotated[Any, Field(description="As `tool_choice`")] = None
    response_format: Annotated[Any, Field(description="`text` alone")] = None
    logprobs: Annotated[Any, Field(description="Not there")] = None
    top_logprobs: Annotated[Any, Field(description="Not there")] = None
    modalities: Annotated[Any, Field(description="`text` alone")] = None
    audio: Annotated[Any, Field(description="Not there")] = None

    @property
    def writing(self) -> Writing:
        """How the caller wants the answer written."""
        said = super().writing
        return replace(said, max_tokens=self.max_completion_tokens or said.max_tokens)

    def require_supported(self) -> None:
        """Raise UnsupportedParameter for what no answer of ours can have."""
        wants_no_tool = "none" in (self.tool_choice, self.function_call)
        is_refused = {
            "n": self.n not in (None, 1),
            "tools": bool(self.tools) and not wants_no_tool,
            "functions": bool(self.functions) and not wants_no_tool,
            "tool_choice": self.tool_choice not in (None, "none", "auto"),
            "function_call": self.function_call not in (None, "none", "auto"),
            "response_format": self.response_format not in (None, {"type": "text"}),
            "logprobs": bool(self.logprobs),
            "top_logprobs": bool(self.top_logprobs),
            "modalities": self.modalities not in (None, [], ["text"]),
            "audio": bool(self.audio),
        }
        for param, refused in is_refused.items():
            if refused:
                raise UnsupportedParameter(
                    f"{param} is not supported: an answer is one text with its sources", param
                )


class SearchRequest(SearchingBody):
    """`POST /v1/search`."""

    query: Annotated[str, Field(examples=["parental leave"])]
    corpus: Corpus
    top_k: Annotated[int | None, Field(ge=1, le=100, description="RAG_TOP_K if left out")] = None
    release: Annotated[int | None, Field(ge=1, description="The live one if left out")] = None

    @property
    def scope(self) -> Scope:
        """What is searched, in which release, and how."""
        return replace(super().scope, release=self.release)


class AnswerRequest(WritingBody):
    """`POST /v1/answers`: a question, or a conversation that ends with one."""

    question: Annotated[str | None, Field(examples=[QUESTION])] = None
    messages: Messages | None = None
    corpus: Corpus
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
        return read_recent(self.messages)


class PassageBody(Body):
    """A passage that comes with a text to check."""

    id: Annotated[str | None, Field(max_length=200, description="Its number if left out")] = None
    text: str
    title: str = ""
    heading: list[str] | str = ""


class CheckRequest(SearchingBody):
    """`POST /v1/check`: any text, and a corpus or the passages that it is held against."""

    text: Annotated[str, Field(examples=["Parental leave is 30 weeks at full pay."])]
    corpus: Annotated[str | None, Field(min_length=1, examples=["handbook"])] = None
    passages: Annotated[
        list[PassageBody] | None,
        Field(description="Marks in the text name them by id, or by number from 1"),
    ] = None
    question: Annotated[
        str | None, Field(max_length=8000, description="What the text answers, if it does")
    ] = None

    @model_validator(mode="after")
    def require_evidence(self) -> "CheckRequest":
        """Raise ValueError unless there is exactly one of `corpus` and `passages`."""
        if (self.corpus is None) == (self.passages is None):
            raise ValueError("give either `corpus` or `passages`")
        return self

    def given(self) -> list[GivenPassage]:
        """The passages that came with the text."""
        return [
            GivenPassage(
                str(number) if each.id is None else each.id,
                each.text,
                each.title,
                tuple(
                    filter(None, [each.heading] if isinstance(each.heading, str) else each.heading)
                ),
            )
            for number, each in enumerate(self.passages or [], 1)
        ]


class ExplainRequest(AnswerRequest):
    """`POST /v1/explain`: a question as `POST /v1/answers` takes it, and what to follow."""

    document: Annotated[
        str | None, Field(max_length=1000, description="Id or source whose way is followed")
    ] = None
    release: Annotated[int | None, Field(ge=1, description="The live one if left out")] = None
    top_k: Annotated[
        int | None, Field(ge=1, le=100, description="Candidates to show, RAG_TOP_K if left out")
    ] = None

    @property
    def scope(self) -> Scope:
        """What is searched, in which release, and how."""
        return replace(super().scope, release=self.release)


class ErrorDetail(BaseModel):
    """What went wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every error."""

    error: ErrorDetail
