"""What a judge's text must be before it counts: JSON of the schema, complete, verdicts 0 or 1."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import json_repair
from pydantic import BaseModel, ValidationError

from evals.metrics.wording import content_tokens
from evals.samples.validation import first_fault
from rag.errors import NotMeasured
from rag.text.sentences import split_sentences

Schema = TypeVar("Schema", bound=BaseModel)
Json = dict[str, Any]

VALIDATED_AS = 1  # counts up when an answer that passed may no longer do, or the other way
INPUT = "Now perform the same with the following input\ninput: "
VERDICTS = {"verdict", "attributed", "noncommittal"}


def read_input(prompt: str) -> Json:
    """The input that a Ragas prompt ends with. Raises NotMeasured if the prompt has none."""
    _, marker, rest = prompt.rpartition(INPUT)
    try:
        if not marker:
            raise ValueError("the marker of the input is missing")
        asked, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError as error:
        raise NotMeasured(f"the judge's prompt has an unknown form: {error}") from error
    return dict(asked)


def read_answer(text: str, schema: type[Schema], asked: Json) -> Schema:
    """The judge's answer, thoughts and fences taken off, small JSON faults repaired.

    Raises ValueError, one line, if it is not of the schema, incomplete, or no 0/1 verdict.
    """
    data = read_json(text)
    try:
        answer = schema.model_validate(data)
    except ValidationError as error:
        raise ValueError(first_fault(error)) from error
    checked = answer.model_dump()
    _check_verdicts(checked)
    title = schema.__name__
    if title not in CHECKS:
        raise NotMeasured(f"the judge has no check for answers of form {title}")
    CHECKS[title](checked, asked)
    return answer


def plain(text: str) -> str:
    """A statement without what judges change of it: letter case, white space, the full stop."""
    return " ".join(text.casefold().split()).rstrip(".")


def read_json(text: str) -> Any:
    said = text.rpartition("</think>")[2]
    start, end = said.find("{"), said.rfind("}")
    if start < 0 or end < start:
        raise ValueError(f"no JSON object in {said.strip()[:60]!r}")
    try:
        return json.loads(said[start : end + 1])
    except json.JSONDecodeError:
        return json_repair.loads(said[start : end + 1])


def _check_verdicts(value: Any) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in VERDICTS and part not in (0, 1):
                raise ValueError(f"{name} is {part}, not 0 or 1")
            _check_verdicts(part)
    elif isinstance(value, list):
        for part in value:
            _check_verdicts(part)


def _check_statements(answer: Json, _: Json) -> None:
    [statements] = answer.values()
    if not statements or not all(text.strip() for text in statements):
        raise ValueError("no statements, or an empty one")


def _check_inference(answer: Json, asked: Json) -> None:
    wanted = asked["statements"]
    judged = [plain(one["statement"]) for one in answer["statements"]]
    if len(judged) != len(wanted):
        raise ValueError(f"{len(judged)} verdicts for {len(wanted)} statements")
    if len(set(judged)) < len({plain(one) for one in wanted}):
        raise ValueError("a statement was judged twice and another left out")


def _check_question(answer: Json, _: Json) -> None:
    if not answer["question"].strip():
        raise ValueError("an empty question")


def _check_attribution(answer: Json, asked: Json) -> None:
    classified = content_tokens(" ".join(one["statement"] for one in answer["classifications"]))
    reference = asked["answer"]
    for span in split_sentences(reference):
        wanted = content_tokens(reference[span.start : span.end])
        if wanted and 2 * len(wanted & classified) <= len(wanted):
            left_out = reference[span.start : span.end]
            raise ValueError(f"the statement {left_out[:60]!r} was left out")
    if not answer["classifications"]:
        raise ValueError("no statement was classified")


CHECKS: dict[str, Callable[[Json, Json], None]] = {
    "StatementGeneratorOutput": _check_statements,
    "ClaimDecompositionOutput": _check_statements,
    "NLIStatementOutput": _check_inference,
    "StatementFaithfulnessOutput": _check_inference,
    "AnswerRelevanceOutput": _check_question,
    "ContextPrecisionOutput": lambda answer, asked: None,  # the verdict says it all
    "ContextRecallOutput": _check_attribution,
}
