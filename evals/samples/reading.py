"""The file format of regression sets: JSONL, a sample a line, errors name file, line and field."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.samples.sample import KINDS, Evidence, Kind, RegressionSet, Sample
from evals.samples.validation import first_fault
from rag.domain import Message, Span
from rag.errors import InvalidRegressionSet

UNREVIEWED = "review"
"""The field of a draft that the one who reviews it takes out."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class QuoteLine(_Strict):
    """A quote and its source as they are written."""

    source: str = Field(min_length=1)
    quote: str = Field(min_length=1)
    start: int | None = Field(None, ge=0)
    end: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _check_span(self) -> "QuoteLine":
        if not self.quote.strip():
            raise ValueError("quote is blank")
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end come together: give both or neither")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end must be greater than start")
        return self


class EvidenceLine(QuoteLine):
    """One piece of evidence as it is written; any one of its quotes is enough."""

    alternatives: list[QuoteLine] = Field(default_factory=list)


class MessageLine(_Strict):
    """One turn of a conversation as it is written."""

    role: Literal["user", "assistant"]
    content: str = Field(min_length=1)


class SampleLine(_Strict):
    """One line of a regression set."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    question: str | None = Field(None, min_length=1)
    conversation: list[MessageLine] | None = Field(None, min_length=1)
    reference: str = Field(min_length=1)
    answerable: bool
    evidence: list[EvidenceLine]
    tags: list[str] = Field(default_factory=list)
    critical: bool = False

    @model_validator(mode="after")
    def _check_parts(self) -> "SampleLine":
        if (self.question is None) == (self.conversation is None):
            raise ValueError("give either question or conversation")
        if self.conversation and self.conversation[-1].role != "user":
            raise ValueError("conversation must end with a message of the user")
        if self.answerable != bool(self.evidence):
            raise ValueError("evidence must be given for answerable samples, and only for them")
        if self.answerable != (not self._reasons_to_abstain()):
            raise ValueError(
                "tags must hold 'off-topic' or 'close-miss' for unanswerable samples, "
                "and for them only"
            )
        return self

    def _reasons_to_abstain(self) -> list[Kind]:
        return [kind for kind in KINDS[1:] if kind in self.tags]

    def to_sample(self) -> Sample:
        """The sample in the language of the evaluation."""
        messages = self.conversation or [MessageLine(role="user", content=self.question or "")]
        return Sample(
            id=self.id,
            conversation=tuple(Message(m.role, m.content) for m in messages),
            reference=self.reference,
            kind=[*self._reasons_to_abstain(), KINDS[0]][0],
            evidence=tuple(_evidence(line) for line in self.evidence),
            tags=tuple(dict.fromkeys(self.tags)),
            critical=self.critical or "critical" in self.tags,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number, its JSON as it stands, and what it means."""

    number: int
    raw: dict[str, Any]
    sample: Sample


def read_set(path: Path) -> RegressionSet:
    """All samples of a file. Raises InvalidRegressionSet."""
    lines = read_lines(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return RegressionSet(path.name, digest, tuple(line.sample for line in lines))


def read_lines(path: Path) -> list[Line]:
    """The lines of a file that hold samples. Raises InvalidRegressionSet for the first bad one."""
    try:
        texts = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise InvalidRegressionSet(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRegressionSet(f"{path} is not UTF-8: {error.reason}") from error
    problems: list[str] = []
    lines: list[Line] = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            lines.append(_read_line(number, text))
        except ValueError as error:
            problems.append(f"{path}:{number}: {_explain(error)}")
    problems += _repeated(path, lines)
    if not lines and not problems:
        problems = [f"{path} holds no samples"]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidRegressionSet(problems[0] + more)
    return lines


def _read_line(number: int, text: str) -> Line:
    raw = json.loads(text)
    if isinstance(raw, dict) and UNREVIEWED in raw:
        raise ValueError(
            "a draft that nobody has reviewed: write its reference, check its evidence and tags, "
            f"then delete {UNREVIEWED!r} and 'origin'"
        )
    return Line(number, raw, SampleLine.model_validate(raw).to_sample())


def _evidence(line: EvidenceLine) -> Evidence:
    alternatives = tuple(_quote(each) for each in line.alternatives)
    return replace(_quote(line), alternatives=alternatives)


def _quote(line: QuoteLine) -> Evidence:
    span = None if line.start is None or line.end is None else Span(line.start, line.end)
    return Evidence(line.source, line.quote, span)


def _repeated(path: Path, lines: list[Line]) -> Iterator[str]:
    counts = Counter(line.sample.id for line in lines)
    for line in lines:
        times = counts[line.sample.id]
        if times > 1:
            yield f"{path}:{line.number}: id {line.sample.id!r} is used {times} times"


def _explain(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    return first_fault(error) if isinstance(error, ValidationError) else str(error)
