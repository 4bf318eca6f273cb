"""The judged tier over a whole run: every metric and repeat of every sample, failures as data."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict

from evals.judging.judge import Judge
from evals.judging.ragas_metrics import JUDGED, VERSION, Case, score
from evals.observing import Missing, Observation
from evals.reports.record import JudgeRecord, MetricRecord, Value
from evals.samples.sample import Sample
from rag.answering.marks import without_marks
from rag.domain import Answer
from rag.errors import NotMeasured
from rag.ports import Embedder

Repeats = tuple[Value, ...]
"""What each repeat of one judged metric gave for one sample."""


class JudgedTier:
    """Ragas metrics through one judge, each repeated so that its noise can be seen."""

    def __init__(self, judge: Judge, embedder: Embedder, *, repeats: int) -> None:
        self._judge = judge
        self._embedder = embedder
        self._repeats = repeats
        self._valid = 0
        self._first_reason = ""

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
    ) -> list[dict[str, Repeats]]:
        """For each sample every judged metric that applies to it; `on_judged` after each sample.

        The judge is closed afterwards.
        """

        async def judge(sample: Sample, observation: Observation) -> dict[str, Repeats]:
            found = await self._measure_sample(sample, observation)
            on_judged()
            return found

        try:
            return await asyncio.gather(*map(judge, samples, observations))
        finally:
            await self._judge.close()

    def record(self) -> JudgeRecord:
        """The judge's part of the report, as it stands now; measured if any judgement came."""
        reason = self._first_reason or "no sample to judge"
        return JudgeRecord(
            measured=self._valid > 0,
            note="" if self._valid else f"not measured: {reason}",
            model=self._judge.model,
            base_url=self._judge.base_url,
            repeats=self._repeats,
            version=VERSION,
            **asdict(self._judge.counts),
        )

    async def _measure_sample(self, sample: Sample, observation: Observation) -> dict[str, Repeats]:
        names = [name for name in JUDGED if _applies(name, sample, observation.answer)]
        case = make_case(sample, observation.answer)
        if isinstance(case, Missing):
            return dict.fromkeys(names, (case,) * self._repeats)
        judged = await asyncio.gather(*(self._repeat(name, case) for name in names))
        return dict(zip(names, judged, strict=True))

    async def _repeat(self, name: str, case: Case) -> Repeats:
        repeats = range(1, self._repeats + 1)
        return tuple(await asyncio.gather(*(self._once(name, case, n) for n in repeats)))

    async def _once(self, name: str, case: Case, repeat: int) -> Value:
        try:
            value = await score(
                name, case, judge=self._judge, embedder=self._embedder, repeat=repeat
            )
        except NotMeasured as error:
            self._first_reason = self._first_reason or str(error)
            return Missing(str(error))
        self._valid += 1
        return value


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
    if JUDGED[name].needs_reference:
        return sample.is_answerable
    return isinstance(answer, Missing) or answer.status != "abstained"
