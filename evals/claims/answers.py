"""Whole answers of chat models whose unsupported spans people have marked, as RAGTruth has them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.domain import Span
from rag.errors import InvalidRegressionSet
from rag.ports import Claim, Evidence
from rag.support.evidence_units import ITEM
from rag.support.local import LocalChecker, Weighed
from rag.text.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer to a question from a context, with the spans that the context does not carry."""

    question: str
    context: str
    text: str
    faults: tuple[Span, ...]

    def claims(self) -> Iterator[tuple[Claim, bool]]:
        """Its sentences of more than one word, and whether each is carried."""
        for span in split_sentences(self.text):
            plain = self.text[span.start : span.end].replace("**", "")
            mark = ITEM.match(plain)
            plain = plain[mark.end() :] if mark else plain
            if len(plain.split()) > 1:
                is_faulty = any(f.start < span.end and span.start < f.end for f in self.faults)
                yield Claim(plain), not is_faulty


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer, its sentences as the check weighs them, and whether each is carried."""

    answer: LabelledAnswer
    sentences: tuple[Weighed, ...]
    are_carried: tuple[bool, ...]


def read_answers(path: Path) -> list[LabelledAnswer]:
    """Answers of a file of JSONL. Raises InvalidRegressionSet."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [
            LabelledAnswer(
                raw["question"],
                raw["context"],
                raw["response"],
                tuple(Span(span["start"], span["end"]) for span in raw["spans"]),
            )
            for raw in lines
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRegressionSet(f"{path} is no file of labelled answers: {error!r}") from error


def check_answers(
    answers: Sequence[LabelledAnswer], checker: LocalChecker
) -> Iterator[CheckedAnswer]:
    """Each answer held against its context, as one text."""
    for answer in answers:
        claims, carried = zip(*answer.claims(), strict=True)
        weighed = checker.weigh(claims, [Evidence(answer.context)], question=answer.question)
        yield CheckedAnswer(answer, tuple(weighed), carried)
