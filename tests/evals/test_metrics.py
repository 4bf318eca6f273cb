"""Each deterministic metric against values computed by hand."""

import math
from dataclasses import replace

import pytest

from evals.metrics.ranking import evidence_recall, ndcg_at
from evals.metrics.table import METRICS, VERDICTS, Measurement, measure_all
from evals.metrics.wording import containment, content_tokens, number_containment
from evals.observing import CitationCheck, Missing, Observation
from evals.samples.locating import Target
from evals.samples.sample import Sample
from rag.domain import Citation, DocumentRef, Sentence, Span, Usage
from tests.evals.cases import (
    DOCUMENT,
    GONE,
    make_answer,
    make_hit,
    make_observation,
    make_sample,
    make_target,
)

HITS = [make_hit(5000, 5500), make_hit(0, 100, "other"), make_hit(0, 1000), make_hit(1000, 3000)]
TARGETS = [make_target(900, 1100), make_target(5400, 5600)]
FOUND = make_observation(TARGETS, HITS)
CHECKS = (
    CitationCheck(quote=True, page=None, heading=True),
    CitationCheck(quote=True, page=False, heading=True),
)
CITED = make_observation(TARGETS, HITS, make_answer(cited=[(900, 950), (10, 20)]), checks=CHECKS)
ABSTAINED = make_observation(TARGETS, HITS, make_answer(status="abstained"))
OFF_TOPIC = make_sample(kind="off-topic", tags=("off-topic",))
CLOSE_MISS = make_sample(kind="close-miss", tags=("close-miss",))
CITED_ELSEWHERE = make_observation(TARGETS, HITS, make_answer(cited=[(10, 20)]))
HALF_GONE = make_observation(
    [TARGETS[0], GONE], HITS, make_answer(cited=[(900, 950)]), checks=CHECKS[:1]
)
HALF_SAID = make_observation(
    TARGETS,
    HITS,
    replace(
        make_answer(),
        sentences=tuple(
            Sentence(Span(0, 1), "x", verdict)
            for verdict in ("supported", "differs", "supported", "unsupported", "not_checked")
        ),
    ),
)
CITED_BOTH = make_observation(TARGETS, HITS, make_answer(cited=[(900, 950), (5400, 5500)]))
OLD = Citation(1, "x", DocumentRef("o", "old", "o.md", "O", superseded_by="d"), 1, None, Span(0, 1))
CITED_SUPERSEDED = make_observation(TARGETS, HITS, replace(make_answer(), citations=(OLD,)))
IN_FORCE = replace(OLD, document=DOCUMENT)
CITED_BOTH_VERSIONS = make_observation(
    TARGETS, HITS, replace(make_answer(), citations=(OLD, IN_FORCE))
)
FORMER = make_observation(
    [make_target(0, 1, "old")], HITS, replace(make_answer(), citations=(OLD,))
)
CONTRADICTION = make_sample(tags=("contradiction",))
SAMPLE = make_sample("Parental leave is 26 weeks at 100 percent.")

COUNTED = replace(make_answer(), usage=Usage(100, 7))

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
    "citation_pages": [(SAMPLE, CITED, 0.0), (SAMPLE, HALF_GONE, None)],
    "citation_headings": [(SAMPLE, CITED, 1.0), (SAMPLE, FOUND, None)],
    "sentences_supported": [(SAMPLE, HALF_SAID, 2.0), (SAMPLE, FOUND, 0.0)],
    "sentences_differs": [(SAMPLE, HALF_SAID, 1.0), (SAMPLE, ABSTAINED, None)],
    "sentences_unsupported": [(SAMPLE, HALF_SAID, 1.0)],
    "sentences_not_checked": [(SAMPLE, HALF_SAID, 1.0)],
    # "first", "second" and "third" are 16 characters, and four are a token
    "context_tokens": [(SAMPLE, FOUND, 4.0)],
    "answer_tokens": [(SAMPLE, make_observation(answer=COUNTED), 7.0), (OFF_TOPIC, FOUND, 0.0)],
    "sentence_support": [(SAMPLE, HALF_SAID, 0.5), (SAMPLE, FOUND, None)],
    "citation_precision": [(SAMPLE, CITED, 0.5), (SAMPLE, FOUND, None), (OFF_TOPIC, CITED, None)],
    "citation_recall": [(SAMPLE, CITED, 0.5), (SAMPLE, ABSTAINED, 0.0), (OFF_TOPIC, CITED, None)],
    "right": [
        (SAMPLE, CITED, 1.0),
        (SAMPLE, CITED_ELSEWHERE, 0.0),
        (SAMPLE, ABSTAINED, 0.0),
        (SAMPLE, HALF_GONE, 0.0),
        (OFF_TOPIC, FOUND, 0.0),
        (CLOSE_MISS, ABSTAINED, 1.0),
    ],
    "evidence_present": [(SAMPLE, FOUND, 1.0), (SAMPLE, HALF_GONE, 0.0), (OFF_TOPIC, FOUND, None)],
    "answerable_answered": [
        (SAMPLE, CITED_ELSEWHERE, 1.0),
        (SAMPLE, ABSTAINED, 0.0),
        (OFF_TOPIC, ABSTAINED, None),
    ],
    "off_topic_abstained": [
        (OFF_TOPIC, FOUND, 0.0),
        (OFF_TOPIC, ABSTAINED, 1.0),
        (CLOSE_MISS, ABSTAINED, None),
    ],
    "close_miss_abstained": [
        (CLOSE_MISS, FOUND, 0.0),
        (CLOSE_MISS, ABSTAINED, 1.0),
        (SAMPLE, ABSTAINED, None),
    ],
    # of parental, leave, 26, weeks, 100, percent the answer has 26 and weeks
    "answer_containment": [
        (SAMPLE, FOUND, 2 / 6),
        (SAMPLE, ABSTAINED, 0.0),
        (OFF_TOPIC, FOUND, None),
    ],
    "key_facts": [
        (make_sample("It is 26 weeks."), FOUND, 1.0),
        (SAMPLE, FOUND, 0.0),
        (make_sample("It is 26 weeks."), ABSTAINED, 0.0),
        (OFF_TOPIC, FOUND, None),
    ],
    "in_force_first": [
        (SAMPLE, CITED, 1.0),
        (SAMPLE, CITED_SUPERSEDED, 0.0),
        (SAMPLE, FOUND, None),
        (OFF_TOPIC, make_observation(answer=make_answer(cited=[(1, 2)])), None),
    ],
    "in_force_beside": [
        (SAMPLE, CITED, 1.0),
        (SAMPLE, CITED_SUPERSEDED, 0.0),
        (SAMPLE, CITED_BOTH_VERSIONS, 1.0),
        (SAMPLE, FORMER, 1.0),
        (SAMPLE, FOUND, None),
    ],
    "both_sides": [
        (CONTRADICTION, CITED, 0.0),
        (CONTRADICTION, CITED_BOTH, 1.0),
        (SAMPLE, CITED, None),
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


@pytest.mark.parametrize("name", [name for name in METRICS if name != "evidence_present"])
def test_a_metric_is_missing_with_the_reason_when_what_it_needs_is_missing(name: str) -> None:
    kinds = (make_sample(), OFF_TOPIC, CLOSE_MISS)
    nothing = make_observation(TARGETS, Missing("no search"), Missing("no answer"))
    found = [METRICS[name].measure(sample, nothing) for sample in kinds]
    reasons = {each.reason for each in found if isinstance(each, Missing)}
    assert len(reasons) == 1
    assert reasons <= {"no search", "no answer"}


NOT_OF_EVIDENCE = {
    *("answerable_answered", "off_topic_abstained", "close_miss_abstained", "citation_validity"),
    *("sentence_support", "answer_containment", "answer_numbers", "search_ms", "answer_ms"),
    *("key_facts", "in_force_first", "in_force_beside", "both_sides"),
    *("citation_pages", "citation_headings", "context_tokens", "answer_tokens"),
    *(f"sentences_{verdict}" for verdict in VERDICTS),
}
EVIDENCE_METRICS = [name for name in METRICS if name not in NOT_OF_EVIDENCE]


@pytest.mark.parametrize("name", EVIDENCE_METRICS)
def test_evidence_that_is_gone_in_part_or_whole_is_0_whatever_the_answer(name: str) -> None:
    for answer in (make_answer(cited=[(900, 950)]), make_answer(status="abstained")):
        for targets in ([GONE], [TARGETS[0], GONE]):
            observation = make_observation(targets, HITS, answer)
            assert METRICS[name].measure(make_sample(), observation) == 0.0


def test_metrics_that_do_not_apply_are_absent() -> None:
    observation = make_observation((), HITS, make_answer(status="abstained"))
    assert measure_all(OFF_TOPIC, observation) == {
        "right": 1.0,
        "off_topic_abstained": 1.0,
        "context_tokens": 4.0,
        "answer_tokens": 0.0,
        "search_ms": 5.0,
        "answer_ms": 20.0,
    }


def test_evidence_recall_counts_a_character_once_and_repeated_text_against_the_budget() -> None:
    hits = [make_hit(0, 100), make_hit(0, 100), make_hit(100, 200)]
    targets = [make_target(50, 150)]
    assert evidence_recall(targets, hits, 200) == 0.5
    assert evidence_recall(targets, hits, 300) == 1.0


def test_of_alternatives_the_one_that_was_found_best_counts_with_the_weight_of_the_quote() -> None:
    short, long = make_target(0, 10, "w").places[0], make_target(0, 100, "v").places[0]
    either = Target((short, long), 10)
    other = make_target(0, 30, "x")
    hits = [make_hit(0, 50, "v"), make_hit(0, 3, "w")]
    assert evidence_recall([either], hits, 1000) == 0.5
    assert evidence_recall([either, other], hits, 1000) == (0.5 * 10) / 40
    assert evidence_recall([Target((short,), 10), other], hits, 1000) == (0.3 * 10) / 40


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
