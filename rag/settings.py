"""Every setting, read once by an entry point; unknown `RAG_*` names are refused."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import InvalidRetriever, SettingsError
from rag.retrieval.retrievers import check_mode

PREFIX = "RAG_"
PRICE = re.compile(r"\d+(\.\d+)?")


class Settings(BaseSettings):
    """What can be configured; each field is the environment variable `RAG_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="Folder that holds all corpora")
    host: str = Field("127.0.0.1", description="Address the service listens on (loopback only)")
    port: int = Field(8000, ge=0, le=65535, description="Port the service listens on")
    embedder: str = Field(
        "",
        description="Packaged model, a sentence-transformers folder or name, or `openai:NAME`; "
        "empty: what a corpus has, for a new one both packaged models as one",
    )
    embedder_precision: Literal["auto", "fp32", "bfloat16"] = Field(
        "auto", description="Arithmetic of the embedder; auto picks what the processor does fastest"
    )
    embedder_base_url: str = Field(
        "", description="Base URL of an OpenAI-compatible embeddings server; empty: OpenAI's"
    )
    embedder_api_key: SecretStr = Field(
        SecretStr(""), description="Key of the embeddings server, for an `openai:NAME` embedder"
    )
    embedder_query_prefix: str = Field(
        "", description="Text before each question; empty: what the model's configuration says"
    )
    embedder_document_prefix: str = Field(
        "", description="Text before each passage; empty: what the model's configuration says"
    )
    reranker: str = Field(
        "", description="Cross-encoder, a sentence-transformers name or folder; empty: none"
    )
    rerank_top: int = Field(20, ge=1, le=100, description="Best hits that the cross-encoder reads")
    rerank_budget_ms: int = Field(
        300, ge=10, le=60_000, description="Time of the cross-encoder for one question"
    )
    file_mb: int = Field(
        200, ge=1, le=100_000, description="Largest file that is taken in, in millions of bytes"
    )
    file_characters: int = Field(
        50_000_000, ge=1000, le=1_000_000_000, description="Longest text that one file may give"
    )
    archive_files: int = Field(
        2000, ge=1, le=10_000, description="Most files that are taken from one archive"
    )
    archive_file_mb: int = Field(
        60,
        ge=1,
        le=100_000,
        description="Largest file in an archive, or packed alone, in millions of bytes",
    )
    archive_mb: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="Most that one archive unpacks to, in millions of bytes",
    )
    archive_ratio: int = Field(
        100, ge=2, le=10_000, description="Most that an archive unpacks to, in times of its size"
    )
    reader_seconds: float = Field(
        90.0, ge=1, le=86_400, description="Time to read one file; with `--ocr` twenty times that"
    )
    reader_cpu_seconds: int = Field(
        60, ge=1, le=86_400, description="Processor time to read one file; with `--ocr` as above"
    )
    reader_memory_mb: int = Field(
        1024, ge=512, le=1_000_000, description="Memory to read one file, in 1,048,576 bytes"
    )
    retriever: str = Field(
        "hybrid", description="How evidence is searched when a request does not say"
    )
    expansion: Literal["none", "multi-query", "hyde"] = Field(
        "none", description="What the chat model adds to a question's search, if there is one"
    )
    top_k: int = Field(10, ge=1, le=100, description="Hits that a search returns by default")
    context_characters: int = Field(
        6000, ge=500, le=100_000, description="Evidence given to the answer, in characters"
    )
    min_confidence: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="Least confidence of an answer; empty: what each release has learned",
    )
    chat_model: str = Field(
        "", description="Chat model for prompted answers, e.g. `openai:NAME`; empty: extractive"
    )
    chat_base_url: str = Field("", description="Base URL of an OpenAI-compatible server")
    chat_api_key: SecretStr = Field(SecretStr(""), description="Key of the chat model's provider")
    chat_max_tokens: int = Field(1024, ge=16, le=32_768, description="Longest prompted answer")
    chat_temperature: float = Field(
        0.0, ge=0, le=2, description="Temperature of prompted answers where a request does not say"
    )
    chat_timeout_s: float = Field(
        60.0, gt=0, le=3600, description="Time for a whole prompted answer, retries included"
    )
    support: Literal["local", "model", "chat"] = Field(
        "local", description="What tells whether sources support a sentence"
    )
    support_model: str = Field(
        "", description="Cross-encoder for `RAG_SUPPORT=model`, a name or folder as of the reranker"
    )
    support_budget_ms: int = Field(
        3000, ge=10, le=120_000, description="Time of `model` or `chat` for one answer or text"
    )
    unsupported: Literal["mark", "withhold"] = Field(
        "mark", description="What becomes of sentences of a prompted answer that no source supports"
    )
    sources: Literal["fields", "text"] = Field(
        "fields",
        description="Where chat completions name their sources: beside the text, or behind it too",
    )
    question_log: Literal["off", "on"] = Field(
        "off", description="Whether the service keeps what it is asked, for `python -m evals drift`"
    )
    question_log_days: int = Field(90, ge=1, le=3650, description="Days that a question is kept")
    question_log_count: int = Field(
        100_000, ge=1000, le=10_000_000, description="Most questions that are kept"
    )
    judge_model: str = Field("", description="Judge of the evaluation; empty: not measured")
    judge_base_url: str = Field("", description="Base URL of the judge's OpenAI-compatible server")
    judge_api_key: SecretStr = Field(SecretStr(""), description="Key of the judge's provider")
    judge_price: str = Field(
        "",
        description="Price of a million of the judge's tokens, in and out, e.g. `0.15, 0.6`",
    )

    @field_validator("judge_price")
    @classmethod
    def require_two_prices(cls, text: str) -> str:
        """Raise ValueError, which pydantic knows, unless there are two numbers, or nothing."""
        prices = [price.strip() for price in text.split(",")]
        if text and (len(prices) != 2 or not all(map(PRICE.fullmatch, prices))):
            raise ValueError(f"{text!r} is not a price in and one out, as in 0.15, 0.6")
        return text

    night_webhook: SecretStr = Field(
        SecretStr(""), description="Address that a nightly evaluation posts its one line to"
    )

    target_api_key: SecretStr = Field(
        SecretStr(""), description="Key of a running service that is evaluated"
    )

    @field_validator("retriever")
    @classmethod
    def require_a_retriever(cls, name: str) -> str:
        """Raise ValueError, which pydantic knows, unless a retriever has that name."""
        try:
            return check_mode(name)
        except InvalidRetriever as error:
            raise ValueError(str(error)) from error

    @property
    def secrets(self) -> list[str]:
        """Every key that is set, to be kept out of logs."""
        values = (getattr(self, name) for name in type(self).model_fields)
        keys = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
        return [key for key in keys if key]


def load_settings(environment: Mapping[str, str], **overrides: object) -> Settings:
    """Settings of `environment`; `overrides` that are not None win. Raises SettingsError."""
    given = {name: value for name, value in environment.items() if name.upper().startswith(PREFIX)}
    values: dict[str, object] = {}
    for name, value in given.items():
        field = name[len(PREFIX) :].lower()
        if field not in Settings.model_fields:
            known = f"{_suggestion(field)}; docs/operations.md lists all"
            raise SettingsError(f"unknown setting {name}{known}")
        values[field] = value
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _suggestion(field: str) -> str:
    close = difflib.get_close_matches(field, Settings.model_fields, n=1)
    return f" (did you mean {PREFIX}{close[0].upper()}?)" if close else ""


def _explain(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    return f"setting {PREFIX}{str(first['loc'][0]).upper()} is refused: {said}"
