"""Feedback on answers as a file: JSONL, a rated or unanswered question a line."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.samples.reading import MessageLine, QuoteLine
from rag.domain import Status


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
