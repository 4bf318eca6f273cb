"""The table of deterministic metrics; a new one is a function and one line of METRICS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from evals.metrics import ranking, wording
from evals.observing import Missing, Observation
from evals.samples.locating import Target
from evals.samples.sample import Kind, Sample
from rag.domain import Answer, Citation, Hit

Measurement = float | Missing | None
"""A value, a value that is missing, or None where the metric does not apply to the sample."""

Measure = Callable[[Sample, Observation], Measurement]
Unit = Literal["share", "ms"]


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


def _of_answer(score: Callable[[Sample, Answer, Observation], Measurement]) -> Measure:
    def measure(sample: Sample, observation: Observation) -> Measurement:
        if isinstance(observation.answer, Missing):
            return observation.answer
        return score(sample, observation.answer, observation)

    return measure


def right(sample: Sample, answer: Answer, observation: Observation) -> Measurement:
    """1 if an answerable question was answered citing evidence, another one abstained from."""
    is_answered = answer.status != "abstained"
    if not sample.is_answerable:
        return float(not is_answered)
    return float(is_answered and _share_cited(answer, observation) > 0)


def evidence_present(sample: Sample, observation: Observation) -> Measurement:
    """1 if every piece of evidence stands in the release."""
    return float(observation.is_evidence_there) if sample.is_answerable else None


def citation_validity(_: Sample, answer: Answer, observation: Observation) -> Measurement:
    """Share of citations that quote their span word for word, with its page and headings."""
    if not answer.citations:
        return None
    return sum(observation.valid_citations) / len(observation.valid_citations)


def sentence_support(_: Sample, answer: Answer, __: Observation) -> Measurement:
    """Share of the answer's sentences, as far as they were checked, that a source supports."""
    checked = [each for each in answer.sentences if each.verdict != "not_checked"]
    supported = sum(each.verdict == "supported" for each in checked)
    return supported / len(checked) if checked else None


def citation_precision(sample: Sample, answer: Answer, observation: Observation) -> Measurement:
    """Share of citations that touch evidence; applies where something was cited, or should be.

    Where evidence is gone it is 0, so that an abstention does not take the sample out of the mean.
    """
    if not sample.is_answerable:
        return None
    if not observation.is_evidence_there:
        return 0.0
    if not answer.citations:
        return None
    targets = observation.targets
    good = [c for c in answer.citations if any(_cites(c, target) for target in targets)]
    return len(good) / len(answer.citations)


def citation_recall(sample: Sample, answer: Answer, observation: Observation) -> Measurement:
    """Share of the pieces of evidence that a citation touches; 0 for an abstention."""
    return _share_cited(answer, observation) if sample.is_answerable else None


def _share_cited(answer: Answer, observation: Observation) -> float:
    if not observation.is_evidence_there:
        return 0.0
    targets = observation.targets
    cited = [target for target in targets if any(_cites(c, target) for c in answer.citations)]
    return len(cited) / len(targets)


def in_force_first(_: Sample, answer: Answer, observation: Observation) -> Measurement:
    """1 unless the first citation is of a superseded document that holds no evidence."""
    if not answer.citations or not observation.targets:
        return None
    first = answer.citations[0].document
    versions = {place.version for target in observation.targets for place in target.places}
    return float(first.superseded_by is None or first.version in versions)


def both_sides(sample: Sample, answer: Answer, observation: Observation) -> Measurement:
    """1 if all evidence of a contradiction is cited."""
    if "contradiction" not in sample.tags:
        return None
    return float(_share_cited(answer, observation) == 1)


def key_facts(sample: Sample, answer: Answer, _: Observation) -> Measurement:
    """1 if the answer holds nearly all of the reference's words and numbers."""
    if not sample.is_answerable:
        return None
    text = "" if answer.status == "abstained" else answer.text
    share = wording.containment(sample.reference, text)
    return None if share is None else float(share >= NEARLY_ALL)


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


def _of_reference(share: Callable[[str, str], float | None]) -> Measure:
    """Of the reference's words in the answer; 0 for an abstention."""

    def score(sample: Sample, answer: Answer, _: Observation) -> Measurement:
        if not sample.is_answerable:
            return None
        return share(sample.reference, "" if answer.status == "abstained" else answer.text)

    return _of_answer(score)


def _cites(citation: Citation, target: Target) -> bool:
    return ranking.touches(target, citation.document.version, citation.span)


BUDGETS = (2000, 4000, 8000)
"""Tokens of context: what small, usual and large prompts spend on passages."""
DEPTHS = (1, 5, 10)  # the usual ones of the field

NEARLY_ALL = 0.9
"""Chosen: a reference of ten words may have one that the documents say otherwise."""

_TABLE = (
    Metric(
        "right",
        "1 if an answerable question was answered citing some evidence, or an unanswerable one "
        "abstained from, else 0",
        _of_answer(right),
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
        _of_answer(citation_validity),
    ),
    Metric(
        "sentence_support",
        "share of the checked sentences of an answer that the support check calls supported",
        _of_answer(sentence_support),
    ),
    Metric(
        "citation_precision",
        "share of citations that overlap evidence, where something was cited; "
        "0 if evidence is gone",
        _of_answer(citation_precision),
    ),
    Metric(
        "citation_recall",
        "share of the pieces of evidence that a citation overlaps; an abstention has 0",
        _of_answer(citation_recall),
    ),
    Metric(
        "in_force_first",
        "1 unless the first citation is of a superseded document that holds none of the evidence",
        _of_answer(in_force_first),
    ),
    Metric(
        "both_sides",
        "1 if all evidence of a contradiction is cited, else 0; for samples of that tag",
        _of_answer(both_sides),
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
        _of_reference(wording.containment),
    ),
    Metric(
        "answer_numbers",
        "share of the reference's distinct numbers in the answer; an abstention has 0",
        _of_reference(wording.number_containment),
    ),
    Metric(
        "key_facts",
        "1 if at least .9 of the reference's distinct words and numbers are in the answer, else 0",
        _of_answer(key_facts),
    ),
    Metric("search_ms", "time of the search of an answer, without the chat model", search_ms, "ms"),
    Metric("answer_ms", "time of a whole answer, its search included", answer_ms, "ms"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}


def measure_all(sample: Sample, observation: Observation) -> dict[str, float | Missing]:
    """Every metric that applies to the sample, by name."""
    measured = ((name, metric.measure(sample, observation)) for name, metric in METRICS.items())
    return {name: value for name, value in measured if value is not None}
