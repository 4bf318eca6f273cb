"""A whole run over the small corpus, by the real question side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from evals.observing import Missing, Observer
from evals.reports.aggregates import aggregate, missing_values
from evals.reports.record import Aggregate, Decisions, Report, SampleRecord
from evals.running import NOT_JUDGED, Run, evaluate
from evals.samples.locating import Lost
from evals.samples.sample import Evidence, Kind, RegressionSet, Sample
from rag.adapters.chat.scripted import ScriptedChatModel
from rag.domain import Answer, AnswerDelta, Citation, Message, Span
from rag.errors import ChatModelTruncated, ChatModelUnavailable, CorpusNotFound, RagError
from rag.plumbline import Plumbline
from rag.retrieval.pipeline import SearchPipeline
from tests.small_corpus import TEXTS, make_plumbline

PAY = "Parental leave is 26 weeks at full pay."
TERN = "The Tern carries 60 passengers."


def make_sample(
    id_: str,
    *questions: str,
    quote: str = PAY,
    source: str = "leave.md",
    reference: str = "26 weeks at full pay",
) -> Sample:
    """An answerable sample; earlier questions make it a follow-up."""
    start = TEXTS[source].find(quote)
    messages = [Message("user", question) for question in questions]
    evidence = Evidence(source, quote, Span(start, start + len(quote)))
    return Sample(id_, tuple(messages), reference, "answerable", (evidence,), ("t",), False)


def make_unanswerable(id_: str, question: str, kind: Kind) -> Sample:
    """A sample whose answer is not in the documents."""
    return Sample(id_, (Message("user", question),), "not stated", kind, (), (kind,), False)


LEAVE = make_sample("leave", "How many weeks of parental leave at full pay?")
BOATS = make_sample(
    "boats",
    "How many passengers does the Heron carry?",
    "And the Tern?",
    quote=TERN,
    source="boats.md",
    reference="60 passengers",
)
OFF_TOPIC = make_unanswerable("off", "What is the capital city of Mongolia?", "off-topic")
CLOSE_MISS = make_unanswerable("close", "Do dogs travel free on every boat?", "close-miss")
SAMPLES = (LEAVE, BOATS, OFF_TOPIC, CLOSE_MISS)
IDS = tuple(sample.id for sample in SAMPLES)


def run(
    plumbline: Plumbline,
    samples: Sequence[Sample] = SAMPLES,
    limit: int | None = None,
    tag: str = "",
) -> Report:
    """The report on these samples."""
    asked = RegressionSet("s.jsonl", "0" * 64, tuple(samples))
    return asyncio.run(evaluate(Run(asked, "small", limit, tag), plumbline))


def by_id(report: Report, id_: str) -> SampleRecord:
    """One sample of the report."""
    return next(sample for sample in report.samples if sample.id == id_)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return run(make_plumbline(tmp_path))


def test_a_run_measures_every_sample_and_says_of_what(report: Report) -> None:
    assert [sample.id for sample in report.samples] == ["leave", "boats", "off", "close"]
    assert (report.corpus, report.release) == ("small", 1)
    assert report.regression_set.asked == 4
    assert report.fingerprint is not None
    assert report.fingerprint.release == "small@1"
    assert report.judge == NOT_JUDGED
    assert missing_values(report) == {}


def test_found_evidence_scores_and_its_places_are_marked(report: Report) -> None:
    leave = by_id(report, "leave")
    assert leave.values["evidence_recall@2000"] == 1.0
    assert leave.values["citation_validity"] == 1.0
    assert leave.values["answer_containment"] == 1.0
    assert [hit.source for hit in leave.hits if hit.relevant] == ["leave.md"]
    assert leave.citations[0].relevant


def test_a_follow_up_is_searched_as_the_question_it_was_made_into(report: Report) -> None:
    boats = by_id(report, "boats")
    asked = "How many passengers does the Heron carry? And the Tern?"
    assert boats.standalone_question == asked
    assert boats.values["hit@1"] == 1.0


def test_the_hits_that_are_measured_are_those_of_the_answers_own_search(tmp_path: Path) -> None:
    chat_model = ScriptedChatModel(["Dogs in the saloon"], ["26 weeks at full pay [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat_model, expansion="multi-query")
    observed = asyncio.run(Observer(plumbline, "small").observe(LEAVE))
    assert isinstance(observed.answer, Answer)
    assert observed.search is observed.answer.search
    assert [each.text for each in observed.answer.search.wordings][1:] == ["Dogs in the saloon"]
    assert "dogs.md" in {hit.document.source for hit in observed.answer.search.hits}


def test_the_confusion_matrix_tells_kinds_and_decisions_apart(report: Report) -> None:
    assert report.abstention == {
        "answerable": Decisions(2, 0, 0),
        "off-topic": Decisions(0, 1, 0),
        "close-miss": Decisions(1, 0, 0),
    }
    for name, mean in (("answerable_answered", 1), ("off_topic_abstained", 1), ("right", 0.75)):
        assert report.aggregates[name].mean == mean
    assert report.aggregates["close_miss_abstained"].mean == 0


def test_slices_hold_the_samples_of_their_tag(report: Report) -> None:
    assert sorted(report.slices) == ["close-miss", "off-topic", "t"]
    assert report.slices["t"]["hit@5"].n == 2
    assert "hit@5" not in report.slices["off-topic"]


def test_a_slice_asks_the_samples_of_a_tag_and_is_recorded(tmp_path: Path) -> None:
    report = run(make_plumbline(tmp_path), tag="t")
    assert [sample.id for sample in report.samples] == ["leave", "boats"]
    asked = report.regression_set
    assert (asked.samples, asked.asked, asked.tag) == (4, 2, "t")


def test_each_question_is_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[Sequence[str]] = []
    search = SearchPipeline.search

    def count(self: SearchPipeline, questions: Sequence[str], *rest: Any, **named: Any) -> Any:
        searches.append(questions)
        return search(self, questions, *rest, **named)

    monkeypatch.setattr(SearchPipeline, "search", count)
    report = run(make_plumbline(tmp_path))
    asked = [sample.standalone_question for sample in report.samples]
    assert searches == [["warm up"], *([question] for question in asked)]


def test_times_are_measured_for_every_sample(report: Report) -> None:
    for name in ("search_ms", "answer_ms"):
        found = report.aggregates[name]
        assert found.n == 4
        assert found.p50 is not None
        assert 0 < found.p50 < 10_000


@pytest.mark.parametrize(
    ("limit", "ids"),
    [(1, ["leave"]), (2, ["leave", "off"]), (3, ["leave", "boats", "off"]), (9, list(IDS))],
)
def test_a_limit_asks_samples_from_all_over_the_set_and_is_recorded(
    limit: int, ids: list[str], tmp_path: Path
) -> None:
    report = run(make_plumbline(tmp_path), limit=limit)
    assert [sample.id for sample in report.samples] == ids
    assert (report.regression_set.samples, report.regression_set.asked) == (4, len(ids))


LINE_ABOVE = {"leave.md": "Reviewed in May.\n\n" + TEXTS["leave.md"]}


def test_a_line_above_the_evidence_changes_no_value(report: Report, tmp_path: Path) -> None:
    edited = run(make_plumbline(tmp_path / "edited", texts=TEXTS | LINE_ABOVE))
    for before, after in zip(report.samples, edited.samples, strict=True):
        assert after.lost == ()
        for name, value in before.values.items():
            if report.metrics[name].unit == "share":
                assert after.values[name] == value


OF_WHAT_WAS_SAID = {"citation_validity", "sentence_support", "in_force_first", "in_force_beside"}


def test_a_source_that_is_gone_counts_0_and_is_named(report: Report, tmp_path: Path) -> None:
    texts = {name: text for name, text in TEXTS.items() if name != "leave.md"}
    without = run(make_plumbline(tmp_path / "less", texts=texts))
    assert missing_values(without) == {}
    (lost,) = by_id(without, "leave").lost
    assert lost == Lost("leave.md", "the release holds no source 'leave.md'")
    for name, found in without.aggregates.items():
        before = report.aggregates[name]
        if without.metrics[name].unit != "share" or name in OF_WHAT_WAS_SAID:
            continue  # of times, of sizes and of what was cited, not of evidence
        assert found.n == before.n
        assert found.mean is not None
        assert before.mean is not None
        assert found.mean <= before.mean
    assert without.aggregates["evidence_present"].mean == 0.5


def test_a_quote_that_was_rewritten_counts_0(tmp_path: Path) -> None:
    texts = TEXTS | {"leave.md": TEXTS["leave.md"].replace("26 weeks", "28 weeks")}
    leave = by_id(run(make_plumbline(tmp_path, texts=texts)), "leave")
    assert leave.lost[0].reason.startswith("leave.md no longer holds the quote 'Parental leave is")
    assert (leave.values["hit@1"], leave.values["right"]) == (0.0, 0.0)


def test_either_of_two_documents_is_evidence_where_the_set_says_so(tmp_path: Path) -> None:
    elsewhere = Evidence("dogs.md", "Dogs travel free of charge on every boat.", None)
    either = Evidence("dogs.md", "Dogs must not enter", None, LEAVE.evidence)
    asked = [replace(LEAVE, id="a", evidence=(elsewhere,)), replace(LEAVE, evidence=(either,))]
    report = run(make_plumbline(tmp_path), asked)
    assert [sample.values["right"] for sample in report.samples] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ChatModelUnavailable("down"), "the chat model did not answer"),
        (ChatModelTruncated("broke off"), "no answer: broke off"),
    ],
)
def test_an_answer_that_the_chat_model_did_not_finish_is_never_scored(
    error: RagError, says: str, tmp_path: Path
) -> None:
    pieces: list[str | RagError] = ["It is "] if isinstance(error, ChatModelTruncated) else []
    chat_model = ScriptedChatModel([*pieces, error])
    report = run(make_plumbline(tmp_path, chat_model=chat_model), [LEAVE])
    values = by_id(report, "leave").values
    assert values["hit@1"] == 1.0
    assert values["answer_containment"] == Missing(says)
    assert values["answer_ms"] == Missing(says)
    assert report.abstention["answerable"] == Decisions(0, 0, 1)


def test_a_follow_up_without_an_answer_has_no_question_to_search(tmp_path: Path) -> None:
    chat_model = ScriptedChatModel(["And the Tern?"], ["60", ChatModelTruncated("broke off")])
    report = run(make_plumbline(tmp_path, chat_model=chat_model), [BOATS])
    hit = by_id(report, "boats").values["hit@1"]
    assert hit == Missing("no stand-alone question: no answer: broke off")


def test_a_question_that_is_refused_is_a_missing_value(tmp_path: Path) -> None:
    refused = make_sample("long", "x" * 9000)
    values = by_id(run(make_plumbline(tmp_path), [refused, LEAVE]), "long").values
    assert isinstance(values["hit@1"], Missing)
    assert "8192" in values["hit@1"].reason


class FalseCitations:
    """The small corpus, with every citation altered."""

    def __init__(self, plumbline: Plumbline, alter: Callable[[Citation], Citation]) -> None:
        self._plumbline = plumbline
        self._alter = alter
        self.corpora = plumbline.corpora
        self.documents = plumbline.documents
        self.document = plumbline.document
        self.search = plumbline.search

    async def answer(
        self, conversation: Sequence[Message], *, corpus: str, top_k: int | None = None
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """The answer with false citations."""
        async for item in self._plumbline.answer(conversation, corpus=corpus, top_k=top_k):
            if isinstance(item, Answer):
                yield replace(item, citations=tuple(map(self._alter, item.citations)))
            else:
                yield item


@pytest.mark.parametrize(
    "alter",
    [
        lambda citation: replace(citation, quote=citation.quote[:-1] + "?"),
        lambda citation: replace(citation, page=2),
        lambda citation: replace(citation, heading=("Fees",)),
    ],
    ids=["quote", "page", "heading"],
)
def test_a_citation_that_is_not_what_it_says_is_found_out(
    alter: Callable[[Citation], Citation], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    observer = Observer(FalseCitations(make_plumbline(tmp_path), alter), "small")
    observation = asyncio.run(observer.observe(LEAVE))
    assert observation.citation_checks
    for check in observation.citation_checks:
        assert not check.is_valid
        wrong = [part for part, is_right in asdict(check).items() if is_right is False]
        assert wrong == [request.node.callspec.id]


def test_an_unknown_corpus_is_not_found(tmp_path: Path) -> None:
    asked = RegressionSet("s.jsonl", "0" * 64, SAMPLES)
    with pytest.raises(CorpusNotFound, match="python -m ingest add"):
        asyncio.run(evaluate(Run(asked, "absent"), make_plumbline(tmp_path)))


def test_aggregates_count_what_is_missing_and_never_take_it_for_zero() -> None:
    found = aggregate([1.0, 0.5, Missing("x")])
    assert (found.n, found.missing, found.mean, found.p50) == (2, 1, 0.75, 0.75)
    assert found.p95 == pytest.approx(0.975)
    assert aggregate([Missing("x")]) == Aggregate(0, 1, None, None, None)
