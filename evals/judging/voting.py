"""Repeats of a judgement: what each said, and what most of them say of each statement."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import median
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from evals.judging.judge import Judge
from evals.judging.replies import plain, read_input
from evals.observing import Missing
from evals.reports.judgement import Judgement
from evals.reports.record import Value
from rag.errors import NotMeasured

Schema = TypeVar("Schema", bound=BaseModel)
Json = dict[str, Any]

# Forms that take a text apart: one answer serves all repeats, so that they judge the same.
TAKEN_APART = {"StatementGeneratorOutput", "ClaimDecompositionOutput"}
# Bounds of what a report keeps; chosen: a judgement is read on a screen.
STATEMENT_CHARACTERS = 400
REASON_CHARACTERS = 300
AGAINST_CHARACTERS = 120
MOST_JUDGEMENTS = 60


class Question(NamedTuple):
    """A prompt, the form of its answer, and how often one repeat has put it, this time included."""

    prompt: str
    form: str
    time: int


@dataclass(slots=True)
class Repeat:
    """One repeat of one metric of one sample, number `number`: asks, and keeps what was said."""

    judge: Judge
    number: int
    said: dict[Question, BaseModel] = field(default_factory=dict)

    async def ask(self, question: Question, schema: type[Schema]) -> Schema:
        """The judge's answer. Raises NotMeasured."""
        repeat = 1 if question.form in TAKEN_APART else self.number
        turn = f"{repeat}.{question.time}"
        answer = await self.judge.ask(question.prompt, schema, turn=turn)
        self.said[question] = answer
        return answer


@dataclass(frozen=True, slots=True)
class Majority:
    """Answers with the verdicts of most repeats, without asking anybody."""

    repeats: Sequence[Repeat]

    async def ask(self, question: Question, schema: type[Schema]) -> Schema:
        """The answer of the majority. Raises NotMeasured if there is none."""
        said = [each.said[question] for each in self.repeats if question in each.said]
        if question.form in TAKEN_APART and said:
            return schema.model_validate(said[0].model_dump())
        if question.form not in FORMS:
            raise NotMeasured(f"there is no majority of answers of form {question.form}")
        judged = judge_statements(question, self.repeats)
        votes = [len(each.verdicts) - each.verdicts.count(None) for each in judged]
        if not judged or any(each.holds is None for each in judged) or min(votes) < len(said):
            raise NotMeasured("the repeats are divided")
        return schema.model_validate(FORMS[question.form].write(judged))


@dataclass(frozen=True, slots=True)
class Form:
    """Where the verdicts of a form are: in a list of that name, or one in the answer itself."""

    verdict: str
    statements: str = ""

    def read(self, answer: Json) -> list[Json]:
        """The verdicts with what they are on."""
        return answer[self.statements] if self.statements else [answer]

    def write(self, judged: Sequence[Judgement]) -> Json:
        """An answer with these verdicts."""
        items = [
            {"statement": each.statement, "reason": "", self.verdict: int(bool(each.holds))}
            for each in judged
        ]
        return {self.statements: items} if self.statements else items[0]


FORMS = {
    "NLIStatementOutput": Form("verdict", "statements"),
    "StatementFaithfulnessOutput": Form("verdict", "statements"),
    "ContextRecallOutput": Form("attributed", "classifications"),
    "ContextPrecisionOutput": Form("verdict"),
}


def judge_statements(question: Question, repeats: Sequence[Repeat]) -> list[Judgement]:
    """What the repeats said of each statement of a question."""
    asked = read_input(question.prompt)
    words = dict(_number(asked.get("statements", ())))
    found: dict[tuple[str, int], list[tuple[bool, str] | None]]
    found = {key: [None] * len(repeats) for key in words}
    for place, each in enumerate(repeats):
        said = list(_read(question, each, asked))
        for (key, text), (_, verdict, reason) in zip(
            _number([text for text, _, _ in said]), said, strict=True
        ):
            words.setdefault(key, text)
            found.setdefault(key, [None] * len(repeats))[place] = (verdict, reason)
    against = str(asked["answer" if _is_of_passage(question) else "context"])
    return [
        Judgement(
            statement=words[key],
            against=against,
            holds=_majority([None if given is None else given[0] for given in row]),
            verdicts=tuple(None if given is None else given[0] for given in row),
            reasons=tuple("" if given is None else given[1] for given in row),
        )
        for key, row in found.items()
    ]


def trace(repeats: Sequence[Repeat]) -> tuple[Judgement, ...]:
    """All that the repeats of a metric judged, cut to what a report shows."""
    questions = dict.fromkeys(question for each in repeats for question in each.said)
    judged = (
        each
        for question in questions
        if question.form in FORMS
        for each in judge_statements(question, repeats)
    )
    return tuple(
        replace(
            each,
            statement=each.statement[:STATEMENT_CHARACTERS],
            against=each.against[:AGAINST_CHARACTERS],
            reasons=tuple(reason[:REASON_CHARACTERS] for reason in each.reasons),
        )
        for each in islice(judged, MOST_JUDGEMENTS)
    )


def combine(values: Sequence[Value]) -> Value:
    """The median of the valid repeats, missing unless they are more than half of all."""
    valid = [value for value in values if not isinstance(value, Missing)]
    if 2 * len(valid) > len(values):
        return median(valid)
    place, first = next((n, v) for n, v in enumerate(values, 1) if isinstance(v, Missing))
    return Missing(f"repeat {place}: {first.reason}" if len(values) > 1 else first.reason)


def _number(texts: Sequence[str]) -> Iterator[tuple[tuple[str, int], str]]:
    """Texts by what they say, and by how often they said it before."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen[plain(text)] += 1
        yield (plain(text), seen[plain(text)]), text


def _read(question: Question, repeat: Repeat, asked: Json) -> Iterator[tuple[str, bool, str]]:
    """Statements with verdict and reason, in the words that the judge was asked with."""
    if question not in repeat.said:
        return
    form = FORMS[question.form]
    items = form.read(repeat.said[question].model_dump())
    texts = [str(asked["context"]) if not form.statements else each["statement"] for each in items]
    wanted = asked.get("statements", texts)
    if sorted(map(plain, texts)) != sorted(map(plain, wanted)):
        texts = wanted  # reworded: as many as asked, so they are in that order
    for text, item in zip(texts, items, strict=True):
        yield text, bool(item[form.verdict]), str(item["reason"])


def _majority(verdicts: Sequence[bool | None]) -> bool | None:
    yes, no = verdicts.count(True), verdicts.count(False)
    return None if yes == no else yes > no


def _is_of_passage(question: Question) -> bool:
    """Whether a passage is judged, by the answer, and no statement by a passage."""
    return not FORMS[question.form].statements
