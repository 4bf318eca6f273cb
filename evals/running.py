"""One evaluation run: every sample observed, measured, judged if there is a judge, recorded."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
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
)
from evals.samples.locating import Target
from evals.samples.sample import RegressionSet, Sample
from rag.domain import Answer, Citation, DocumentRef, Fingerprint, Passage, Span

if TYPE_CHECKING:
    from evals.judging.judged import Judged, JudgedTier

SHOWN_HITS = 10  # chosen: the depth of the deepest ranking metric
NOT_JUDGED = JudgeRecord(measured=False, note="not measured: no judge was asked (--judge)")

Progress = Callable[[str, int], None]
"""Called with a stage and its number of samples, once a sample that is done."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be evaluated against what: all samples, those of a tag, or only so many."""

    regression_set: RegressionSet
    corpus: str
    limit: int | None = None
    tag: str = ""
    criteria: Criteria = field(default_factory=default_criteria)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples that are asked: under a limit from all over the set, always the same."""
        all_tags = self.regression_set.samples
        every = [each for each in all_tags if not self.tag or self.tag in each.tags]
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
    observations = await _observe_all(run.samples, observer, on_progress)
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
        regression_set=SetRecord(
            asked.name, asked.sha256, len(asked.samples), len(records), run.tag
        ),
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


async def _observe_all(
    samples: Sequence[Sample], observer: Observer, on_progress: Progress
) -> list[Observation]:
    """One after the other, so that the times are true."""
    observations = []
    for sample in samples:
        observations.append(await observer.observe(sample))
        on_progress("asking", len(samples))
    return observations


async def _record_all(
    samples: Sequence[Sample],
    observations: Sequence[Observation],
    judged: "JudgedTier | None",
    on_progress: Progress,
) -> tuple[SampleRecord, ...]:
    found: Sequence[Mapping[str, Judged]] = [{} for _ in observations]
    if judged:
        found = await judged.measure(
            samples, observations, on_judged=lambda: on_progress("judging", len(samples))
        )
    return tuple(map(_record_sample, samples, observations, found))


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
    sample: Sample, observation: Observation, judged: Mapping[str, "Judged"]
) -> SampleRecord:
    answer = None if isinstance(observation.answer, Missing) else observation.answer
    search = None if isinstance(observation.search, Missing) else observation.search
    targets = observation.targets
    hits = search.hits[:SHOWN_HITS] if search else ()
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
        hits=tuple(_place(hit.document, hit.chunk.span, targets) for hit in hits),
        citations=tuple(_quote(each, targets) for each in (answer.citations if answer else ())),
        lost=tuple(lost for target in targets for lost in target.lost),
        values=measure_all(sample, observation)
        | {name: each.value for name, each in judged.items()},
        repeats={name: each.repeats for name, each in judged.items()},
        judgements={name: each.judgements for name, each in judged.items()},
        sentences=answer.sentences if answer else (),
        contexts=tuple(_quote(each, targets) for each in (search.passages if search else ())),
    )


def _place(document: DocumentRef, span: Span, targets: Sequence[Target]) -> Place:
    relevant = any(touches(target, document.version, span) for target in targets)
    return Place(document.source, span, relevant)


def _quote(found: Citation | Passage, targets: Sequence[Target]) -> Place:
    return replace(
        _place(found.document, found.span, targets),
        text=found.quote if isinstance(found, Citation) else found.text,
        page=found.page,
        heading=found.heading,
    )
