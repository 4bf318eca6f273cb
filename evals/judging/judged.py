"""The judged tier over a whole run: every metric and repeat of every sample, failures as data."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from evals.claims.labelled import LabelledClaim
from evals.judging.checking import check_judge
from evals.judging.judge import Judge, JudgeCounts
from evals.judging.ragas_metrics import JUDGED, VERSION, Asked, Case, score
from evals.judging.voting import Majority, Repeat, combine, trace
from evals.observing import Missing, Observation
from evals.reports.judgement import Estimate, JudgeCheck, Judgement
from evals.reports.record import JudgeRecord, MetricRecord, Value
from evals.samples.sample import Sample
from evals.statistics.agreement import corrected_mean
from rag.answering.marks import without_marks
from rag.domain import Answer
from rag.errors import NotMeasured
from rag.ports import Embedder

MILLION = 1e6  # tokens, which prices are of


@dataclass(frozen=True, slots=True)
class Judged:
    """One judged metric of one sample: its value, that of each repeat, and what was said."""

    value: Value
    repeats: tuple[Value, ...]
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """How a judge is used: repeats of each judgement, the `claims` that it is checked by first.

    `price` is that of a million tokens of prompts, and of answers.
    """

    repeats: int
    claims: Sequence[LabelledClaim] = ()
    price: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    def cost(self, counts: JudgeCounts) -> float | None:
        """What the calls cost, where a price is known."""
        if self.price is None:
            return None
        asked, answered = self.price
        return (asked * counts.prompt_tokens + answered * counts.completion_tokens) / MILLION


class JudgedTier:
    """Ragas metrics through one judge, each repeated so that its noise can be seen and outvoted.

    Of a judge that does not pass the check nothing more is asked.
    """

    def __init__(
        self,
        judge: Judge,
        embedder: Embedder,
        plan: JudgePlan,
    ) -> None:
        self._judge = judge
        self._embedder = embedder
        self._plan = plan
        self._check: JudgeCheck | None = None
        self._measured: list[dict[str, Judged]] = []

    def metrics(self) -> dict[str, MetricRecord]:
        """What the judged numbers mean."""
        return {
            name: MetricRecord("share", metric.definition, judged=True)
            for name, metric in JUDGED.items()
        }

    async def measure(
        self,
        samples: Sequence[Sample],
        observations: Sequence[Observation],
        *,
        on_judged: Callable[[], None],
    ) -> list[dict[str, Judged]]:
        """For each sample every judged metric that applies to it; `on_judged` after each sample.

        The judge is closed afterwards.
        """

        async def judge(sample: Sample, observation: Observation) -> dict[str, Judged]:
            found = await self._measure_sample(sample, observation)
            on_judged()
            return found

        try:
            if self._plan.claims:
                self._check = await check_judge(
                    self._judge, self._plan.claims, repeats=self._plan.repeats
                )
            self._measured = await asyncio.gather(*map(judge, samples, observations))
        finally:
            await self._judge.close()
        return self._measured

    def record(self) -> JudgeRecord:
        """The judge's part of the report, as it stands now; measured if any judgement came."""
        every = [
            value for row in self._measured for judged in row.values() for value in judged.repeats
        ]
        reasons = (value.reason for value in every if isinstance(value, Missing))
        measured = not all(isinstance(value, Missing) for value in every)
        note = "" if measured else f"not measured: {next(reasons, 'no sample to judge')}"
        counts = self._judge.counts
        return JudgeRecord(
            measured=measured,
            note=note,
            model=self._judge.model,
            base_url=self._judge.base_url,
            repeats=self._plan.repeats,
            version=VERSION,
            check=self._check and replace(self._check, corrected=self._correct(self._check)),
            cost=self._plan.cost(counts),
            warnings=self._plan.warnings,
            **asdict(counts),
        )

    async def _measure_sample(self, sample: Sample, observation: Observation) -> dict[str, Judged]:
        names = [name for name in JUDGED if _applies(name, sample, observation.answer)]
        case = make_case(sample, observation.answer)
        if self._check and not self._check.valid:
            case = Missing(self._check.note)
        if isinstance(case, Missing):
            return dict.fromkeys(names, Judged(case, (case,) * self._plan.repeats))
        judged = await asyncio.gather(*(self._measure_metric(name, case) for name in names))
        return dict(zip(names, judged, strict=True))

    async def _measure_metric(self, name: str, case: Case) -> Judged:
        """By the majority of verdicts; where there is none, the median of the valid repeats."""
        repeats = [Repeat(self._judge, number) for number in range(1, self._plan.repeats + 1)]
        values = await asyncio.gather(*(self._score(name, case, each) for each in repeats))
        value = combine(values)
        if isinstance(value, float):
            voted = await self._score(name, case, Majority(repeats))
            value = value if isinstance(voted, Missing) else voted
        return Judged(value, tuple(values), trace(repeats))

    async def _score(self, name: str, case: Case, asked: Asked) -> Value:
        try:
            return await score(name, case, asked=asked, embedder=self._embedder)
        except NotMeasured as error:
            return Missing(str(error))

    def _correct(self, check: JudgeCheck) -> Estimate | None:
        """The run's faithfulness, freed of the judge's errors."""
        given = (row["faithfulness"].value for row in self._measured if "faithfulness" in row)
        shares = np.array([value for value in given if isinstance(value, float)])
        found = corrected_mean(shares, check.counts) if check.counts else None
        return Estimate(*found) if found else None


def make_case(sample: Sample, answer: Answer | Missing) -> Case | Missing:
    """What the judge is shown: the answer without its marks, and the passages it was made from."""
    if isinstance(answer, Missing):
        return answer
    case = Case(
        user_input=answer.standalone_question,
        response=without_marks(answer.text),
        retrieved_contexts=[passage.text for passage in answer.passages],
        reference=sample.reference,
    )
    if not case.response:
        return Missing("the answer is empty")
    if not any(text.strip() for text in case.retrieved_contexts):
        return Missing("the answer has no passages")
    return case


def _applies(name: str, sample: Sample, answer: Answer | Missing) -> bool:
    metric = JUDGED[name]
    is_given = isinstance(answer, Missing) or answer.status != "abstained"
    return (sample.is_answerable or not metric.needs_reference) and (
        is_given or not metric.needs_answer
    )
