"""How far a text reaches the words of a question."""

import pytest

from rag.checkers import load_local_checker
from rag.support.local import LocalChecker

QUESTION = "How many bicycles can the Guillemot carry?"
HEADING = "Data sheet of the Guillemot . Capacity"


@pytest.fixture(scope="module")
def checker() -> LocalChecker:
    return load_local_checker()


def test_a_text_that_speaks_of_all_words_reaches_further(checker: LocalChecker) -> None:
    near = checker.reach(QUESTION, "The ship carries 24 bikes.", HEADING)
    far = checker.reach(QUESTION, "The ship carries 24 cars.", HEADING)
    assert near["reached"] > far["reached"]
    assert near["most lost"] < far["most lost"]
    assert near["lost"] < far["lost"]


def test_what_stands_around_a_text_counts_where_it_may(checker: LocalChecker) -> None:
    under = checker.reach(QUESTION, "Carries 24 bicycles.", HEADING)
    alone = checker.reach(QUESTION, "Carries 24 bicycles.", "")
    assert under["reached"] > alone["reached"]
    assert under["reached alone"] == pytest.approx(alone["reached alone"])


def test_nothing_reaches_less_than_any_text(checker: LocalChecker) -> None:
    nothing = checker.reach(QUESTION, "", "")
    assert nothing["reached"] < checker.reach(QUESTION, "Bicycles are carried.", "")["reached"]
    assert checker.reach("?", "Bicycles are carried.", "").keys() == nothing.keys()
