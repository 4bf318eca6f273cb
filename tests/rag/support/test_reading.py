"""What is read in one go is read as if it were read alone, and once."""

from collections.abc import Sequence

import numpy as np

from rag.ports import Claim, Evidence, Vectors
from rag.support.local import LocalChecker
from rag.support.reading import Reader

HARBOUR = Evidence(
    "# Dogs\n\nDogs travel free on all routes. Each dog must be on a lead.\n\n"
    "| Route | Fare |\n|---|---|\n| 1 | 12 euros |\n| 3 | 18 euros |\n",
    title="Harbour rules",
)
LEAVE = Evidence("Shore staff have 26 days of leave a year. Seagoing staff have 31 days.")
RULES = Evidence("Lifejackets are checked on the first Monday of each month.", heading=("Safety",))
CLAIMS = [
    Claim("Dogs go free.", (0, 1)),
    Claim("Staff ashore get 31 days of leave.", (1, 2)),
    Claim("Every month the lifejackets are looked at.", (2, 0)),
    Claim("The fare of route 3 is 18 euros."),
    Claim("Cats travel in a basket.", (1,)),
]
EVIDENCE = [HARBOUR, LEAVE, RULES]


class Counting:
    """Words by their letters; `passes` has the texts of each call that had any."""

    name = "letters@1"

    def __init__(self) -> None:
        self.passes: list[list[str]] = []

    def embed_words(self, texts: Sequence[Sequence[str]]) -> list[Vectors]:
        """One vector a word, whatever stands beside it."""
        self.passes += [[" ".join(words) for words in texts]] if texts else []
        return [np.array([_vector(word) for word in words] or _none()) for words in texts]

    def weigh_words(self, words: Sequence[str]) -> Vectors:
        """Longer words are rarer."""
        return np.array([min(7.0, len(word) / 2) for word in words], dtype=np.float32)


def _none() -> Vectors:
    return np.empty((0, 26), dtype=np.float32)


def _vector(word: str) -> Vectors:
    counts = np.array([1e-3 + word.lower().count(chr(97 + at)) for at in range(26)])
    return np.asarray(counts / np.linalg.norm(counts), dtype=np.float32)


def test_claims_checked_together_are_judged_as_each_alone() -> None:
    together = LocalChecker(Counting()).weigh(CLAIMS, EVIDENCE)
    alone = [LocalChecker(Counting()).weigh([claim], EVIDENCE)[0] for claim in CLAIMS]
    assert together == alone
    assert len({each.score for each in together}) > 1


def test_claims_checked_together_take_two_passes_then_one_then_none() -> None:
    words = Counting()
    checker = LocalChecker(words)
    checker.weigh(CLAIMS, EVIDENCE)
    assert len(words.passes) == 2
    assert len(words.passes[0]) == len(CLAIMS)
    checker.weigh([Claim("Seagoing staff have the most leave.", (1,))], EVIDENCE)
    assert len(words.passes) == 3
    checker.weigh(CLAIMS, EVIDENCE)
    assert len(words.passes) == 3


def test_evidence_in_another_company_is_not_embedded_again() -> None:
    words = Counting()
    reader = Reader(words)
    first, second = reader.read_each([[HARBOUR, LEAVE], [LEAVE, RULES]])
    again = reader.read_evidence([RULES, HARBOUR])
    assert len(words.passes) == 1
    assert [unit.text for unit in again.units] == [
        *(unit.text for unit in second.units[2:]),
        *(unit.text for unit in first.units[:-2]),
    ]
    assert {index for index, _ in again.windows} == {0, 1}
    assert all(again.texts[at].text == unit.text for at, unit in enumerate(again.units))
