"""How often the gate raises a false alarm, and finds a loss, with a judge that errs: simulated.

The runs are made, what decides on them is the gate itself with the gates of the packaged defaults.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.gates.criteria import default_criteria
from evals.gates.verdict import decide
from evals.reports.aggregates import aggregate_all
from evals.reports.decision import Verdict
from evals.reports.record import (
    SCHEMA,
    JudgeRecord,
    MetricRecord,
    Report,
    SampleRecord,
    SetRecord,
    Value,
)
from evals.statistics.proportion import wilson_interval

SAMPLES = 120
CLAIMS = 4
REPEATS = 3
FLIPPED = 0.05  # of the judge's verdicts
LOST = 0.05  # of the supported claims, where a loss is planted
VERDICTS = ("faithfulness", "context_recall")
COSINE_NOISE = 0.02  # of relevancy, whose questions a judge words anew each time

Verdicts = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trial:
    """Two runs of one set: with a planted loss or without, and how answers and repeats are taken.

    `redrawn` is the share of questions whose other values are drawn anew in each run, as a chat
    model does that answers otherwise each time; `is_majority` combines the repeats of a verdict.
    """

    lost: float = 0.0
    redrawn: float = 0.0
    is_majority: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What a judge that never errs would say of each claim, and the values without a judge."""

    verdicts: Mapping[str, Verdicts]
    cosines: NDArray[np.float64]
    others: Mapping[str, NDArray[np.float64]]


def measure_gate(trials: int = 200) -> list[tuple[str, str]]:
    """The rows of the benchmark's table."""
    rows = []
    for how, trial in (
        ("mean of 3 repeats", Trial()),
        ("majority of 3 repeats", Trial(is_majority=True)),
        ("mean of 3 repeats, a tenth of the answers differ", Trial(redrawn=0.1)),
        ("majority, a tenth of the answers differ", Trial(redrawn=0.1, is_majority=True)),
    ):
        alarms = sum(bool(regressed(trial, seed)) for seed in range(trials))
        lossy = replace(trial, lost=LOST)
        found = sum("faithfulness" in regressed(lossy, seed) for seed in range(trials))
        rows.append((f"gate: false alarms, nothing changed, {how}", tell_share(alarms, trials)))
        rows.append((f"gate: 5 % of supported claims lost, {how}", tell_share(found, trials)))
    return rows


def tell_share(count: int, of: int) -> str:
    """A share with its 95 % interval."""
    low, high = wilson_interval(count, of)
    return f"{count} of {of} ({100 * low:.1f} to {100 * high:.1f} %)"


def regressed(trial: Trial, seed: int) -> list[str]:
    """The metrics that the gate calls worse."""
    generator = np.random.default_rng([seed, 120])
    truth = _draw_truth(generator)
    before = _make_run(truth, trial, generator)
    supported = truth.verdicts["faithfulness"]
    kept = supported & (generator.random(supported.shape) >= trial.lost)
    worse = replace(truth, verdicts={**truth.verdicts, "faithfulness": kept})
    after = _make_run(worse, trial, generator)
    verdict = decide(after, replace(default_criteria(), floors={}, baseline=before))
    assert verdict.comparison is not None
    return [name for name, found in verdict.comparison.metrics.items() if found.regressed]


def _draw_truth(generator: np.random.Generator) -> Truth:
    """Nine of ten claims are supported, in some answers more than in others."""
    shares = generator.beta(9, 1, (SAMPLES, 1))
    judged = (*VERDICTS, "answer_relevancy")
    others = [name for name in default_criteria().least_drops if name not in judged]
    return Truth(
        verdicts={name: generator.random((SAMPLES, CLAIMS)) < shares for name in VERDICTS},
        cosines=generator.normal(0.8, 0.1, SAMPLES),
        others={name: _draw_others(name, generator) for name in others},
    )


def _draw_others(name: str, generator: np.random.Generator) -> NDArray[np.float64]:
    right = generator.random(SAMPLES) < 0.8
    return right.astype(float) if name == "right" else np.where(right, 1, generator.random(SAMPLES))


def _make_run(truth: Truth, trial: Trial, generator: np.random.Generator) -> Report:
    values: dict[str, NDArray[np.float64]] = {}
    for name, verdicts in truth.verdicts.items():
        given = verdicts[..., None] ^ (generator.random((*verdicts.shape, REPEATS)) < FLIPPED)
        values[name] = _combine(given, is_majority=trial.is_majority)
    for name, others in truth.others.items():
        is_anew = generator.random(SAMPLES) < trial.redrawn
        values[name] = np.where(is_anew, _draw_others(name, generator), others)
    noise = generator.normal(0, COSINE_NOISE, (SAMPLES, REPEATS)).mean(axis=1)
    values["answer_relevancy"] = truth.cosines + noise
    rows = zip(*values.values(), strict=True)
    return _make_report([dict(zip(values, row, strict=True)) for row in rows])


def _combine(given: Verdicts, *, is_majority: bool) -> NDArray[np.float64]:
    """The value of each answer, of its verdicts by claim and repeat."""
    if is_majority:
        return np.asarray((given.sum(axis=2) * 2 > REPEATS).mean(axis=1))
    return np.asarray(given.mean(axis=(1, 2)))


def _make_report(values: list[dict[str, float]]) -> Report:
    samples = tuple(_make_samples(values))
    names = [*values[0]]
    return Report(
        schema=SCHEMA,
        run_id="simulated",
        created="",
        seconds=0.0,
        corpus="simulated",
        release=1,
        content_hash="",
        regression_set=SetRecord("simulated.jsonl", "", SAMPLES, SAMPLES),
        fingerprint=None,
        judge=JudgeRecord(True, "", "simulated", "", REPEATS),
        verdict=Verdict(),
        lost_evidence={},
        metrics={name: MetricRecord("share", "", judged=name in VERDICTS) for name in names},
        aggregates=aggregate_all(samples, names),
        slices={},
        abstention={},
        samples=samples,
    )


def _make_samples(values: list[dict[str, float]]) -> Iterator[SampleRecord]:
    for number, found in enumerate(values):
        given: dict[str, Value] = {name: float(value) for name, value in found.items()}
        yield SampleRecord(
            id=f"q-{number}",
            kind="answerable",
            tags=(),
            critical=False,
            question="",
            standalone_question="",
            reference="",
            status="answered",
            answer="",
            confidence=None,
            hits=(),
            citations=(),
            lost=(),
            values=given,
            repeats={},
        )
