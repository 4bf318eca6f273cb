"""The table of deterministic metrics; a new one is a function and one line of METRICS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from evals.metrics import answering, ranking, wording
from evals.observing import Missing, Observation
from evals.samples.locating import Target
from evals.samples.sample import Kind, Sample
from rag.domain import Hit, Verdict

Measurement = float | Missing | None
"""A value, a value that is missing, or None where the metric does not apply to the sample."""

Measure = Callable[[Sample, Observation], Measurement]
Unit = Literal["share", "ms", "tokens", "sentences"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A named measure of one sample; `definition` is what the report says of it."""

    name: str
    definition: str
    measure: Measure
    unit: Unit = "share"


def _of_ranking(score: Callable[[Sequence[Target], Sequence[Hit]], float]) -> Measure:
    def measure(sample: Sample, observation: Observation) -> Measurement:
        if not sample.is_answerable:
            return None
        if isinstance(observation.search, Missing):
            return observation.search
        if not observation.is_evidence_there:
            return 0.0
        return score(observation.targets, observation.search.hits)

    return measure


def _of_answer(score: answering.Score) -> Measure:
    def measure(sample: Sample, observation: Observation) -> Measurement:
        if isinstance(observation.answer, Missing):
            return observation.answer
        return score(sample, observation.answer, observation)

    return measure


def evidence_present(sample: Sample, observation: Observation) -> Measurement:
    """1 if every piece of evidence stands in the release."""
    return float(observation.is_evidence_there) if sample.is_answerable else None


def _decision(kind: Kind) -> Measure:
    def measure(sample: Sample, observation: Observation) -> Measurement:
        answer = observation.answer
        if sample.kind != kind:
            return None
        if isinstance(answer, Missing):
            return answer
        return float((answer.status != "abstained") == sample.is_answerable)

    return measure


def search_ms(_: Sample, observation: Observation) -> Measurement:
    """Time of one search."""
    search = observation.search
    return search if isinstance(search, Missing) else sum(search.timings_ms.values())


def answer_ms(_: Sample, observation: Observation) -> Measurement:
    """Time of one whole answer, its search included."""
    answer = observation.answer
    return answer if isinstance(answer, Missing) else observation.answer_ms


BUDGETS = (2000, 4000, 8000)
"""Tokens of context: what small, usual and large prompts spend on passages."""
DEPTHS = (1, 5, 10)  # the usual ones of the field

VERDICTS: dict[Verdict, str] = {
    "supported": "that a source supports",
    "differs": "of which a source says otherwise",
    "unsupported": "that no source supports",
    "not_checked": "that were not checked",
}
"""What the sentences of each verdict of the support check are."""

_TABLE = (
    Metric(
        "right",
        "1 if an answerable question was answered citing some evidence, or an unanswerable one "
        "abstained from, else 0",
        _of_answer(answering.right),
    ),
    Metric(
        "evidence_present",
        "1 if every piece of evidence stands in the release; if not, all about evidence is 0",
        evidence_present,
    ),
    *(
        Metric(
            f"evidence_recall@{budget}",
            f"share of the evidence's characters within the first {budget} characters of the hits",
            _of_ranking(partial(ranking.evidence_recall, budget=budget)),
        )
        for budget in BUDGETS
    ),
    *(
        Metric(
            f"hit@{k}",
            f"1 if one of the first {k} hits overlaps some evidence, else 0",
            _of_ranking(partial(ranking.hit_at, k=k)),
        )
        for k in DEPTHS
    ),
    Metric(
        "evidence_hit@5",
        "1 if every piece of evidence is overlapped by one of the first 5 hits, else 0",
        _of_ranking(partial(ranking.evidence_hit_at, k=5)),
    ),
    Metric(
        "mrr",
        "1 / rank of the first hit that overlaps evidence, 0 if none of 100 does",
        _of_ranking(ranking.reciprocal_rank),
    ),
    Metric(
        "ndcg@10",
        "discounted gain of the pieces of evidence at the hit that first overlaps each, "
        "as a share of the ideal",
        _of_ranking(partial(ranking.ndcg_at, k=10)),
    ),
    Metric(
        "citation_validity",
        "share of citations whose quote is exactly that span of that document version, with the "
        "page and headings of the span",
        _of_answer(answering.share_of_checks(lambda check: check.is_valid)),
    ),
    Metric(
        "citation_pages",
        "share of citations of documents with pages whose page is that of the span",
        _of_answer(answering.share_of_checks(lambda check: check.page)),
    ),
    Metric(
        "citation_headings",
        "share of citations below headings that name those above the span",
        _of_answer(answering.share_of_checks(lambda check: check.heading)),
    ),
    Metric(
        "sentence_support",
        "share of the checked sentences of an answer that the support check calls supported",
        _of_answer(answering.sentence_support),
    ),
    Metric(
        "citation_precision",
        "share of citations that overlap evidence, where something was cited; "
        "0 if evidence is gone",
        _of_answer(answering.citation_precision),
    ),
    Metric(
        "citation_recall",
        "share of the pieces of evidence that a citation overlaps; an abstention has 0",
        _of_answer(answering.citation_recall),
    ),
    Metric(
        "in_force_first",
        "1 unless the first citation is of a superseded document that holds none of the evidence",
        _of_answer(answering.in_force_first),
    ),
    Metric(
        "in_force_beside",
        "1 unless a superseded document that holds none of the evidence is cited without the one "
        "that replaces it",
        _of_answer(answering.in_force_beside),
    ),
    Metric(
        "both_sides",
        "1 if all evidence of a contradiction is cited, else 0; for samples of that tag",
        _of_answer(answering.both_sides),
    ),
    Metric(
        "answerable_answered",
        "1 if an answerable question was answered, rightly or not, else 0",
        _decision("answerable"),
    ),
    Metric(
        "off_topic_abstained",
        "1 if a question off the topic was abstained from, else 0",
        _decision("off-topic"),
    ),
    Metric(
        "close_miss_abstained",
        "1 if a question whose topic is there, but not its answer, was abstained from, else 0",
        _decision("close-miss"),
    ),
    Metric(
        "answer_containment",
        "share of the reference's distinct words (no stop words) and numbers in the answer; "
        "an abstention has 0",
        _of_answer(answering.of_reference(wording.containment)),
    ),
    Metric(
        "answer_numbers",
        "share of the reference's distinct numbers in the answer; an abstention has 0",
        _of_answer(answering.of_reference(wording.number_containment)),
    ),
    Metric(
        "key_facts",
        "1 if at least .9 of the reference's distinct words and numbers are in the answer, else 0",
        _of_answer(answering.key_facts),
    ),
    *(
        Metric(
            f"sentences_{verdict}",
            f"sentences of a given answer {what}",
            _of_answer(answering.count_sentences(verdict)),
            "sentences",
        )
        for verdict, what in VERDICTS.items()
    ),
    Metric(
        "context_tokens",
        "tokens of the passages that an answer could rest on, estimated",
        _of_answer(answering.context_tokens),
        "tokens",
    ),
    Metric(
        "answer_tokens",
        "tokens of the answer, as the provider counts them, estimated where nobody does",
        _of_answer(answering.answer_tokens),
        "tokens",
    ),
    Metric("search_ms", "time of the search of an answer, without the chat model", search_ms, "ms"),
    Metric("answer_ms", "time of a whole answer, its search included", answer_ms, "ms"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}


def measure_all(sample: Sample, observation: Observation) -> dict[str, float | Missing]:
    """Every metric that applies to the sample, by name."""
    measured = ((name, metric.measure(sample, observation)) for name, metric in METRICS.items())
    return {name: value for name, value in measured if value is not None}
