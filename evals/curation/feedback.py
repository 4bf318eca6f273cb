"""Feedback on answers as a file: JSONL, a rated or unanswered question a line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.samples.reading import MessageLine, QuoteLine
from evals.samples.validation import first_fault
from rag.domain import Status
from rag.errors import InvalidRegressionSet


class FeedbackLine(BaseModel):
    """One answer, and what a person thought of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str | None = Field(None, min_length=1)
    conversation: list[MessageLine] | None = Field(None, min_length=1)
    answer: str = ""
    status: Status = "answered"
    rating: Literal["up", "down"] | None = None
    comment: str = ""
    citations: list[QuoteLine] = Field(default_factory=list)
    corpus: str
    release: int | None = Field(None, ge=1)
    request_id: str = ""
    time: datetime | None = None

    @model_validator(mode="after")
    def _check_question(self) -> "FeedbackLine":
        if (self.question is None) == (self.conversation is None):
            raise ValueError("give either question or conversation")
        if self.conversation and self.conversation[-1].role != "user":
            raise ValueError("conversation must end with a message of the user")
        return self

    @property
    def messages(self) -> list[MessageLine]:
        """What was asked, as a conversation."""
        return self.conversation or [MessageLine(role="user", content=self.question or "")]

    @property
    def asked(self) -> str:
        """All that the user said."""
        return " ".join(each.content for each in self.messages if each.role == "user")


def read_feedback(path: Path) -> list[FeedbackLine]:
    """The lines of a file. Raises InvalidRegressionSet, which names the first bad one."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRegressionSet(f"{path} cannot be read: {error}") from error
    found = [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InvalidRegressionSet(f"{path} holds no feedback")
    return found


def _read(path: Path, number: int, line: str) -> FeedbackLine:
    try:
        return FeedbackLine.model_validate(json.loads(line))
    except ValidationError as error:
        raise InvalidRegressionSet(f"{path}:{number}: {first_fault(error)}") from error
    except ValueError as error:
        raise InvalidRegressionSet(f"{path}:{number}: not JSON: {error}") from error
