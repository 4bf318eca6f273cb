"""Claim sets: JSONL files of statements about a corpus, each labelled true or false."""

from collections import Counter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from evals.samples.validation import read_forms
from rag.errors import InvalidRegressionSet


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuotedLine(_Strict):
    """Where a claim is spoken of: a source and exact words of its text."""

    source: str
    quote: str = Field(min_length=1)


class LabelledClaim(_Strict):
    """A line of a claim set; `pair` joins a true claim with the false one made of it.

    What no document speaks of has no evidence.
    """

    id: str
    claim: str = Field(min_length=1)
    label: Literal["true", "false"]
    kind: str
    corpus: str
    evidence: tuple[QuotedLine, ...]
    pair: str | None = None
    reason: str = ""

    @property
    def is_true(self) -> bool:
        """Whether the evidence carries it."""
        return self.label == "true"


def read_claims(path: Path) -> list[LabelledClaim]:
    """The claims of a file. Raises InvalidRegressionSet, which names the line."""
    claims = read_forms(path, LabelledClaim)
    repeated = [name for name, count in Counter(each.id for each in claims).items() if count > 1]
    if repeated:
        raise InvalidRegressionSet(f"{path}: the id {repeated[0]} is there more than once")
    return claims
