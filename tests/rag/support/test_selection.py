"""What of much evidence a claim is held against."""

from rag.ports import Claim, Evidence
from rag.support.selection import READ, select_parts

LONG = "The islands lie in the north and are windy for most of the year.\n" * 1000
FERRY = "Dogs travel free of charge on the upper deck.\n"


def test_little_evidence_is_read_whole() -> None:
    (parts,) = select_parts([Claim("Dogs travel free.")], [Evidence(FERRY), Evidence("Other.")])
    assert [(part.index, part.start) for part in parts] == [(0, 0), (1, 0)]


def test_of_a_long_text_the_part_is_read_that_speaks_of_the_claim() -> None:
    text = LONG + FERRY + LONG
    (parts,) = select_parts([Claim("Dogs travel free.")], [Evidence(text)])
    assert any("Dogs travel free" in part.evidence.text for part in parts)
    assert sum(len(part.evidence.text) for part in parts) <= READ
    assert all(text[p.start :].startswith(p.evidence.text) for p in parts)


def test_of_thousands_of_passages_those_are_read_that_speak_of_the_claim() -> None:
    evidence = [Evidence(f"Ship {at} is painted every spring.") for at in range(5000)]
    evidence[4321] = Evidence(FERRY)
    (parts,) = select_parts([Claim("Dogs travel free.")], evidence)
    assert 4321 in [part.index for part in parts]


def test_a_claim_is_given_what_it_names_alone() -> None:
    evidence = [Evidence("One."), Evidence("Two.")]
    (parts,) = select_parts([Claim("One.", (1,))], evidence)
    assert [part.index for part in parts] == [1]
