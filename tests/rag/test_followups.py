"""Follow-ups by rule: the topic is taken along where it is meant, and only there."""

import time

import pytest

from rag.answering.followups import Standalone, leans_on_context, make_standalone
from rag.domain import Message
from rag.retrieval.question import MAX_QUESTION_BYTES, check_question

LEAVE = "How many weeks of parental leave do we get?"
STAR = "What is the wind limit for the Curlew Star?"


def ask(*questions: str) -> Standalone:
    """What the rule makes of the last of several questions, each answered in between."""
    turns = [turn for question in questions for turn in (question, "So it is.")]
    roles = ["user", "assistant"] * len(questions)
    return make_standalone(
        [Message(role, turn) for role, turn in zip(roles, turns[:-1], strict=False)]  # type: ignore[arg-type]  # the list widens the literal
    )


@pytest.mark.parametrize(
    ("earlier", "last", "standalone"),
    [
        (LEAVE, "And sick leave?", "How many weeks of sick leave do we get?"),
        (STAR, "And for the Solan?", "What is the wind limit for the Solan?"),
        (STAR, "What about the Solan?", "What is the wind limit for the Solan?"),
        ("Who is harbour agent at Holm?", "And at Kelda?", "Who is harbour agent at Kelda?"),
        ("How long are cards kept here?", "And medicine?", "How long are medicine kept here?"),
        ("What does a dog cost?", "And a cat?", "What does a cat cost?"),
        ("What does a dog cost on Route 1?", "And on Route 3?", "What does a dog cost on Route 3?"),
        (
            "What does a dog cost on Route 1?",
            "And a bicycle on Route 3?",
            "What does a bicycle cost on Route 3?",
        ),
        (
            "What comes back for a delay of 45 minutes?",
            "And for two hours?",
            "What comes back for a delay of two hours?",
        ),
        ("From when is a note needed?", "And from day 29?", "From day 29 is a note needed?"),
        ("How many dogs may I bring?", "And cats?", "How many cats may I bring?"),
        ("How long is the permit valid?", "And the pass?", "How long is the pass valid?"),
    ],
)
def test_words_that_are_new_take_the_place_of_the_old(
    earlier: str, last: str, standalone: str
) -> None:
    assert ask(earlier, last) == Standalone(standalone, standalone, "rule")


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
        *("How much does it weigh?", "Who leads it?", "When is his open hour?", "Why?"),
        *("And how many cars?", "How many places are there?", "On which extension?"),
        *("What about its wave height limit?", "And if the Solan sails there?", "Who is the cook?"),
        *("And when does that shift begin?", "How long does it take to charge?"),
    ],
)
def test_a_question_that_refers_back_is_led_by_what_it_refers_to(last: str) -> None:
    assert ask(STAR, last) == Standalone(f"{STAR} {last}", f"{STAR} {last}", "rule")


def test_a_chain_of_follow_ups_keeps_its_topic() -> None:
    assert ask("Who is Ana?", "And Per?", "Why?").question == "Who is Per? Why?"
    chain = ["What is Lantern II?", "How many cars will it carry?", "And passengers?"]
    assert ask(*chain).question == "What is Lantern II? How many passengers will it carry?"
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
