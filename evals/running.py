"""One evaluation run: every sample observed, measured, judged if there is a judge, recorded."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evals.gates.criteria import Criteria, default_criteria
from evals.gates.verdict import decide
from evals.metrics.ranking import touches
from evals.metrics.table import METRICS, measure_all
from evals.observing import Kept, Missing, Observation, Observer, QuestionSide
from evals.reports.aggregates import (
    aggregate_all,
    confusion_matrix,
    lost_evidence,
    mean_of_repeats,
    slice_by_tag,
)
from evals.reports.decision import Verdict
from evals.reports.record import (
    SCHEMA,
    JudgeRecord,
    MetricRecord,
    Place,
    Report,
    SampleRecord,
    SetRecord,
    Value,
)
from evals.samples.locating import Target
from evals.samples.sample import RegressionSet, Sample
from rag.domain import Answer, DocumentRef, Fingerprint, Sentence, Span

if TYPE_CHECKING:
    from evals.judging.judged import JudgedTier

SHOWN_HITS = 10  # chosen: the depth of the deepest ranking metric
NOT_JUDGED = JudgeRecord(measured=False, note="not measured: no judge was asked (--judge)")

Progress = Callable[[str, int], None]
"""Called with a stage and its number of samples, once a sample that is done."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be evaluated against what: `limit` asks only so many samples, None asks all."""

    regression_set: RegressionSet
    corpus: str
    limit: int | None = None
    criteria: Criteria = field(default_factory=default_criteria)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples that are asked: under a limit from all over the set, always the same."""
        every = self.regression_set.samples
        asked = min(self.limit or len(every), len(every))
        return tuple(every[number * len(every) // asked] for number in range(asked))


async def evaluate(
    run: Run,
    plumbline: QuestionSide,
    judged: "JudgedTier | None" = None,
    *,
    on_progress: Progress = lambda stage, total: None,
    kept: Kept | None = None,
) -> Report:
    """Put the samples to the live release, but for those `kept`, and measure what comes back.

    Raises CorpusNotFound.
    """
    started = time.perf_counter()
    created = datetime.now(UTC)
    observer = Observer(plumbline, run.corpus, kept)
    observer.warm_up()
    observations = []
    for sample in run.samples:
        observations.append(await observer.observe(sample))
        on_progress("asking", len(run.samples))
    records = await _record_all(run.samples, observations, judged, on_progress)
    metrics = _describe_metrics() | (judged.metrics() if judged else {})
    asked = run.regression_set
    report = Report(
        schema=SCHEMA,
        run_id=f"{created:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        created=created.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - started, 3),
        corpus=run.corpus,
        release=observer.manifest.release,
        content_hash=observer.manifest.content_hash,
        regression_set=SetRecord(asked.name, asked.sha256, len(asked.samples), len(records)),
        fingerprint=_fingerprint(observations),
        judge=judged.record() if judged else NOT_JUDGED,
        verdict=Verdict(),
        lost_evidence=lost_evidence(records),
        metrics=metrics,
        aggregates=aggregate_all(records, metrics),
        slices=slice_by_tag(records, metrics),
        abstention=confusion_matrix(records),
        samples=records,
    )
    return replace(report, verdict=decide(report, run.criteria))


async def _record_all(
    samples: Sequence[Sample],
    observations: Sequence[Observation],
    judged: "JudgedTier | None",
    on_progress: Progress,
) -> tuple[SampleRecord, ...]:
    repeats: Sequence[Mapping[str, tuple[Value, ...]]] = [{} for _ in observations]
    if judged:
        repeats = await judged.measure(
            samples, observations, on_judged=lambda: on_progress("judging", len(samples))
        )
    return tuple(map(_record_sample, samples, observations, repeats))


def _describe_metrics() -> dict[str, MetricRecord]:
    return {
        name: MetricRecord(metric.unit, metric.definition, judged=False)
        for name, metric in METRICS.items()
    }


def _fingerprint(observations: Sequence[Observation]) -> Fingerprint | None:
    """What made the answers; one for the whole run, since degraded answers are missing."""
    answers = (observation.answer for observation in observations)
    return next((answer.fingerprint for answer in answers if isinstance(answer, Answer)), None)


def _record_sample(
    sample: Sample, observation: Observation, repeats: Mapping[str, tuple[Value, ...]]
) -> SampleRecord:
    answer = None if isinstance(observation.answer, Missing) else observation.answer
    search = None if isinstance(observation.search, Missing) else observation.search
    targets = observation.targets
    hits = [(hit.document, hit.chunk.span) for hit in search.hits[:SHOWN_HITS]] if search else []
    cited = [(citation.document, citation.span) for citation in answer.citations] if answer else []
    said = answer.sentences if answer else ()
    judged = {name: mean_of_repeats(given) for name, given in repeats.items()}
    return SampleRecord(
        id=sample.id,
        kind=sample.kind,
        tags=sample.tags,
        critical=sample.critical,
        question=sample.question,
        standalone_question=answer.standalone_question if answer else "",
        reference=sample.reference,
        status=answer.status if answer else None,
        answer=answer.text if answer else "",
        confidence=answer.confidence if answer else None,
        hits=tuple(_places(hits, targets)),
        citations=tuple(_places(cited, targets)),
        lost=tuple(lost for target in targets for lost in target.lost),
        values=measure_all(sample, observation) | judged,
        repeats=dict(repeats),
        doubts=tuple(_tell(each) for each in said if each.is_doubtful),
    )


def _tell(sentence: Sentence) -> str:
    return f"{sentence.text} ({sentence.verdict}: {'; '.join(sentence.reasons)})"


def _places(
    found: Sequence[tuple[DocumentRef, Span]], targets: Sequence[Target]
) -> Iterator[Place]:
    for document, span in found:
        relevant = any(touches(target, document.version, span) for target in targets)
        yield Place(document.source, span, relevant)
