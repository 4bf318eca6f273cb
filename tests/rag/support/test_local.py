"""The local check on claims that are true, false by one small edit, or not spoken of."""

import asyncio

import pytest

from rag.bootstrap import load_local_checker
from rag.domain import Verdict
from rag.ports import Claim, Evidence, Judgement
from rag.support.local import LocalChecker

LEAVE = """# Leave

## Entitlement ashore

Full-time shore staff receive 26 working days of annual leave a year in addition to the 11 public
holidays. After every five years of service one further day is added, up to a maximum of 31 days.

## At sea

Seagoing staff work an even-time roster of 14 days on and 14 days off.

## Minimum crew

| Ship | Summer | Winter |
|---|---|---|
| Guillemot | 7 | 6 |
| Solan | 5 | 4 |
"""
EVIDENCE = [Evidence(LEAVE, "Annual leave policy")]


@pytest.fixture(scope="module")
def checker() -> LocalChecker:
    return load_local_checker()


def check(checker: LocalChecker, *claims: Claim, question: str = "") -> list[Judgement]:
    return asyncio.run(checker.check(claims, EVIDENCE, question=question))


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("Full-time staff ashore get twenty-six working days of leave a year.", "supported", ""),
        ("In summer the Guillemot has a crew of 7.", "supported", ""),
        (
            "Full-time shore staff receive 31 working days of annual leave a year.",
            "differs",
            "the source says 26 working days, not 31 working days",
        ),
        (
            "Full-time shore staff receive 26 working weeks of annual leave a year.",
            "differs",
            "the source says 26 working days, not 26 working weeks",
        ),
        ("In winter the Solan has a crew of 7.", "differs", "the source says 4, not 7"),
        ("Laundry is paid for on long journeys abroad.", "unsupported", "no passage says this"),
    ],
)
def test_each_verdict_comes_with_its_reason(
    checker: LocalChecker, text: str, verdict: Verdict, reason: str
) -> None:
    (judgement,) = check(checker, Claim(text))
    assert judgement.verdict == verdict
    assert ", ".join(judgement.reasons) == reason


def test_every_sentence_of_the_evidence_is_supported(checker: LocalChecker) -> None:
    sentence = "Seagoing staff work an even-time roster of 14 days on and 14 days off."
    (judgement,) = check(checker, Claim(sentence))
    (quote,) = judgement.quotes
    assert (judgement.verdict, judgement.score) == ("supported", 1.0)
    assert LEAVE[quote.span.start : quote.span.end] == sentence


def test_a_claim_is_held_against_the_evidence_that_it_names(checker: LocalChecker) -> None:
    other = Evidence("The harbour café opens at eight and sells fresh bread.")
    claim = "Seagoing staff work 14 days on and 14 days off."
    named, free = asyncio.run(checker.check([Claim(claim, (1,)), Claim(claim)], [*EVIDENCE, other]))
    assert named.verdict == "unsupported"
    assert free.verdict == "supported"
    assert free.quotes[0].evidence == 0


def test_a_claim_without_evidence_is_unsupported(checker: LocalChecker) -> None:
    (judgement,) = asyncio.run(checker.check([Claim("Dogs travel free.")], []))
    assert judgement.verdict == "unsupported"
    assert judgement.quotes == ()


def test_the_quote_lies_in_a_long_text_where_the_claim_is_said(checker: LocalChecker) -> None:
    filler = "The weather of the islands changes quickly in the cold months of the year.\n" * 3000
    text = filler + "\nSeagoing staff work 14 days on and 14 days off.\n" + filler
    (judgement,) = asyncio.run(
        checker.check([Claim("Staff at sea work 14 days on, then 14 days off.")], [Evidence(text)])
    )
    (quote,) = judgement.quotes
    assert "14 days on and 14 days off" in text[quote.span.start : quote.span.end]
