"""Follow-ups by rule: the topic is taken along where it is meant, and only there."""

import time
from pathlib import Path

import pytest

from evals.samples.reading import read_set
from rag.answering.followups import Standalone, leans_on_context, make_standalone
from rag.domain import Message
from rag.retrieval.question import MAX_QUESTION_BYTES, check_question

LEAVE = "How many weeks of parental leave do we get?"
SETS = Path(__file__).parents[3] / "evals" / "sets"
STAR = "What is the wind limit for the Curlew Star?"


def ask(*questions: str) -> Standalone:
    """What the rule makes of the last of several questions, each answered in between."""
    turns = [turn for question in questions for turn in (question, "So it is.")]
    roles = ["user", "assistant"] * len(questions)
    return make_standalone(
        [Message(role, turn) for role, turn in zip(roles, turns[:-1], strict=False)]  # type: ignore[arg-type]  # the list widens the literal
    )


@pytest.mark.parametrize(
    "last",
    [
        "How long is probation?",
        "Who audits the annual accounts?",
        "What is a blue paper?",
        "Who is Ana?",
        "And what does the fish soup cost?",
        "And for how many weeks is full sick pay paid?",
        "Is there a fee for smoking on board?",
        "How long does it take to get a claim for a delay answered?",
        "When passengers lose umbrellas, how long are they kept?",
        "What is the fare from Skarvik to Holm on a Sunday?",
        "Which rule says that dogs must not enter the saloon?",
    ],
)
def test_a_question_that_begins_a_topic_leaves_the_old_one_out(last: str) -> None:
    assert ask(LEAVE, last) == Standalone(last, last, "user")


@pytest.mark.parametrize(
    "last",
    [
        *("And for the Solan?", "What about the Solan?", "And the Solan", "The Solan?"),
        *("And a bicycle on Route 3?", "And from day 29?", "ok and the little auk", "R4?"),
        *("How much does it weigh?", "Who leads it?", "When is his open hour?", "Why?"),
        *("And how many cars?", "How many places are there?", "On which extension?"),
        *("What about its wave height limit?", "And if the Solan sails there?", "Who is the cook?"),
        *("And when does that shift begin?", "How long does it take to charge?"),
    ],
)
def test_a_question_that_goes_on_is_led_by_what_it_goes_on_from(last: str) -> None:
    assert ask(STAR, last) == Standalone(f"{STAR} {last}", f"{STAR} {last}", "rule")


def test_a_chain_of_follow_ups_keeps_its_topic() -> None:
    assert ask("Who is Ana?", "And Per?", "Why?").question == "Who is Ana? And Per? Why?"
    chain = ["What is Lantern II?", "How many cars will it carry?", "And passengers?"]
    assert ask(*chain).question == " ".join(chain)
    assert ask(*chain, "Who audits the accounts?", "Why?").question == (
        "Who audits the accounts? Why?"
    )


def test_a_long_chain_takes_two_questions_along() -> None:
    chain = [f"How much does it weigh at place {place}?" for place in range(20)]
    assert ask(*chain).question == " ".join(chain[-3:])


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        *(("Und für Administratoren?", True), ("Wie viele Zeichen braucht ein Passwort?", False)),
        *(("Et pour les chiens ?", True), ("Combien de passagers transporte le Héron ?", False)),
        *(("\u0430 зонты?", True), ("Сколько пассажиров перевозит паром Цапля?", False)),
        *(("¿Y para los perros?", True), ("雨伞呢？", True), ("遗失的雨伞保存多少天？", False)),
        *(("では、犬は？", True), ("育児休暇の申請はいつまでですか？", False)),
        *(("그럼 우산은?", True), ("육아휴직 신청은 언제 하나요?", False)),
        *(("", True), ("?", True), ("I lost my key, whom do I call?", False)),
    ],
)
def test_leaning_is_seen_in_several_languages(question: str, leans: bool) -> None:
    assert leans_on_context(question) is leans


def test_the_rule_tells_follow_ups_from_new_topics_in_the_regression_sets() -> None:
    follow_ups: list[bool] = []
    topics: list[bool] = []
    for name in ("handbook", "handbook-follow-ups"):
        for sample in read_set(SETS / f"{name}.jsonl").samples:
            is_follow_up = "follow-up" in sample.tags
            (follow_ups if is_follow_up else topics).append(leans_on_context(sample.question))
    assert (len(follow_ups), len(topics)) == (102, 261)
    assert sum(follow_ups) >= 98
    assert sum(topics) <= 3


def test_the_first_question_and_an_empty_conversation_stay_as_they_are() -> None:
    assert ask("And dogs?") == Standalone("And dogs?", "And dogs?", "user")
    assert make_standalone([]) == Standalone("", "", "user")


def test_what_is_taken_along_leaves_a_question_that_may_be_asked() -> None:
    made = ask("港口冬季关闭。" * 2000, "为什么呢？")
    assert check_question(made.question).endswith("关闭。 为什么呢？")
    longest = "x" * MAX_QUESTION_BYTES
    assert ask(longest) == Standalone(longest, longest, "user")


@pytest.mark.parametrize("text", ["and " * 2000, "it " * 2700, "What is " * 1000, "x" * 8192])
def test_any_question_takes_little_time(text: str) -> None:
    started = time.process_time()
    ask(STAR, text, text)
    assert time.process_time() - started < 10
