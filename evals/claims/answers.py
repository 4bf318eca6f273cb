"""Whole answers of chat models whose unsupported spans people have marked, as RAGTruth has them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag.domain import Span
from rag.errors import InvalidRegressionSet
from rag.ports import Claim, Evidence, Judgement
from rag.support.evidence_units import ITEM
from rag.support.local import LocalChecker
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
    sentences: tuple[Judgement, ...]
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


class Pair(NamedTuple):
    """What is known, a question, its right answer and a made-up one."""

    knowledge: str
    question: str
    right_answer: str
    hallucinated_answer: str


def read_pairs(path: Path) -> list[Pair]:
    """Knowledge, question, a right answer and a made-up one, as HaluEval has them, in JSONL.

    Raises InvalidRegressionSet.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [Pair(*(str(raw[name]) for name in Pair._fields)) for raw in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRegressionSet(f"{path} is no file of answer pairs: {error!r}") from error


def score_pairs(pairs: Sequence[Pair], checker: LocalChecker) -> tuple[list[float], list[float]]:
    """How likely the knowledge carries each right answer, and each made-up one, told as a whole."""
    scored = [
        checker.weigh(
            [Claim(f"{each.question} {text}") for text in each[2:]], [Evidence(each.knowledge)]
        )
        for each in pairs
    ]
    return [right.score for right, _ in scored], [made.score for _, made in scored]
