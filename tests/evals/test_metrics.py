"""Each deterministic metric against values computed by hand."""

import math

import pytest

from evals.metrics.ranking import evidence_recall, ndcg_at
from evals.metrics.table import METRICS, Measurement, measure_all
from evals.metrics.wording import containment, content_tokens, number_containment
from evals.observing import Missing, Observation
from evals.samples import Sample
from tests.evals.cases import make_answer, make_hit, make_observation, make_sample, make_target

HITS = [make_hit(5000, 5500), make_hit(0, 100, "other"), make_hit(0, 1000), make_hit(1000, 3000)]
TARGETS = [make_target(900, 1100), make_target(5400, 5600)]
FOUND = make_observation(TARGETS, HITS)
CITED = make_observation(
    TARGETS, HITS, make_answer(cited=[(900, 950), (10, 20)]), exact_quotes=(True, False)
)
ABSTAINED = make_observation(TARGETS, HITS, make_answer(status="abstained"))
OFF_TOPIC = make_sample(kind="off-topic", tags=("off-topic",))
SAMPLE = make_sample("Parental leave is 26 weeks at 100 percent.")

BY_HAND: dict[str, list[tuple[Sample, Observation, Measurement]]] = {
    # 500 of the first hit, 100 of the second, 1000 of the third, 400 of the fourth are read:
    # 900-1100 whole and 5400-5500 of 5400-5600, 300 of 400 characters
    "evidence_recall@2000": [(SAMPLE, FOUND, 0.75), (SAMPLE, make_observation(TARGETS), 0.0)],
    "evidence_recall@4000": [(SAMPLE, FOUND, 0.75)],
    "evidence_recall@8000": [(SAMPLE, make_observation(TARGETS[:1], HITS), 1.0)],
    "hit@1": [(SAMPLE, FOUND, 1.0), (SAMPLE, make_observation(TARGETS[:1], HITS), 0.0)],
    "hit@5": [(SAMPLE, make_observation(TARGETS[:1], HITS), 1.0)],
    "hit@10": [(SAMPLE, make_observation([make_target(0, 1, "none")], HITS), 0.0)],
    "evidence_hit@5": [
        (SAMPLE, FOUND, 1.0),
        (SAMPLE, make_observation([*TARGETS, make_target(0, 1, "none")], HITS), 0.0),
    ],
    "mrr": [
        (SAMPLE, make_observation(TARGETS[:1], HITS), 1 / 3),
        (SAMPLE, make_observation(TARGETS), 0.0),
    ],
    # the second target at rank 1, the first at rank 3
    "ndcg@10": [(SAMPLE, FOUND, (1 + 1 / 2) / (1 + 1 / math.log2(3)))],
    "citation_validity": [(SAMPLE, CITED, 0.5), (SAMPLE, FOUND, None), (OFF_TOPIC, CITED, 0.5)],
    "citation_precision": [(SAMPLE, CITED, 0.5), (SAMPLE, FOUND, None), (OFF_TOPIC, CITED, None)],
    "citation_recall": [(SAMPLE, CITED, 0.5), (SAMPLE, ABSTAINED, 0.0), (OFF_TOPIC, CITED, None)],
    "abstention": [
        (SAMPLE, FOUND, 1.0),
        (SAMPLE, ABSTAINED, 0.0),
        (OFF_TOPIC, FOUND, 0.0),
        (OFF_TOPIC, ABSTAINED, 1.0),
    ],
    # of parental, leave, 26, weeks, 100, percent the answer has 26 and weeks
    "answer_containment": [
        (SAMPLE, FOUND, 2 / 6),
        (SAMPLE, ABSTAINED, 0.0),
        (OFF_TOPIC, FOUND, None),
    ],
    "answer_numbers": [(SAMPLE, FOUND, 1 / 2), (make_sample("Full pay."), FOUND, None)],
    "search_ms": [(SAMPLE, FOUND, 5.0), (OFF_TOPIC, FOUND, 5.0)],
    "answer_ms": [(SAMPLE, FOUND, 20.0)],
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_what_was_computed_by_hand(name: str) -> None:
    for sample, observation, expected in BY_HAND[name]:
        found = METRICS[name].measure(sample, observation)
        assert found == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_missing_with_the_reason_when_what_it_needs_is_missing(name: str) -> None:
    sample = make_sample()
    nothing = make_observation(Missing("moved"), Missing("no search"), Missing("no answer"))
    found = METRICS[name].measure(sample, nothing)
    assert isinstance(found, Missing)
    assert found.reason in ("moved", "no search", "no answer")


@pytest.mark.parametrize("name", ["hit@5", "mrr", "citation_precision", "citation_recall"])
def test_evidence_that_moved_makes_a_value_missing_never_zero(name: str) -> None:
    observation = make_observation(Missing("moved"), HITS, make_answer(cited=[(0, 5)]))
    assert METRICS[name].measure(make_sample(), observation) == Missing("moved")


def test_metrics_that_do_not_apply_are_absent() -> None:
    observation = make_observation((), HITS, make_answer(status="abstained"))
    assert measure_all(OFF_TOPIC, observation) == {
        "abstention": 1.0,
        "search_ms": 5.0,
        "answer_ms": 20.0,
    }


def test_evidence_recall_counts_a_character_once_and_repeated_text_against_the_budget() -> None:
    hits = [make_hit(0, 100), make_hit(0, 100), make_hit(100, 200)]
    targets = [make_target(50, 150), make_target(100, 150)]
    assert evidence_recall(targets, hits, 200) == 0.5
    assert evidence_recall(targets, hits, 300) == 1.0


def test_a_copy_of_the_same_version_is_evidence_too_and_another_version_is_not() -> None:
    targets = [make_target(0, 10, "v")]
    assert evidence_recall(targets, [make_hit(0, 10, "v")], 100) == 1.0
    assert evidence_recall(targets, [make_hit(0, 10, "w")], 100) == 0.0


def test_ndcg_is_one_for_the_ideal_and_for_one_hit_that_holds_everything() -> None:
    targets = [make_target(0, 10), make_target(20, 30)]
    assert ndcg_at(targets, [make_hit(0, 15), make_hit(15, 40)], 10) == 1.0
    assert ndcg_at(targets, [make_hit(0, 40)], 10) == 1.0
    assert ndcg_at(targets, [make_hit(50, 60), make_hit(0, 15)], 10) < 0.5


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The 1,000 boats, at 7:30.", {"1000", "boats", "7:30"}),
        ("Anna's three dogs", {"anna", "3", "dogs"}),
        ("It is.", set()),
        ("12.5 percent of 2,500.75", {"12.5", "percent", "2500.75"}),
    ],
)
def test_content_tokens_are_words_and_numbers_in_one_form(text: str, tokens: set[str]) -> None:
    assert content_tokens(text) == tokens


def test_containment_asks_for_the_reference_and_not_for_brevity() -> None:
    assert containment("26 weeks", "You get 26 weeks, or more.") == 1.0
    assert containment("26 weeks", "25 weeks") == 0.5
    assert number_containment("26 weeks", "25 weeks") == 0.0
    assert containment("It is.", "anything") is None
    assert number_containment("weeks", "25") is None
