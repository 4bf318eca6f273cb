"""Texts written elsewhere, checked against passages given with them or against a corpus."""

import dataclasses
from pathlib import Path

import pytest

from rag.answering.checking.given import MAX_TEXT_CHARACTERS, CheckedText, GivenPassage
from rag.domain import Citation
from rag.errors import InvalidPassages, InvalidText
from rag.retrieval.scope import Scope
from tests.small_corpus import make_plumbline

PASSAGES = [
    GivenPassage("boats", "The Heron carries 120 passengers and 18 cars.", "Boats"),
    GivenPassage("dogs", "Dogs travel free of charge on every boat."),
    GivenPassage("3", "Parental leave is 26 weeks at full pay."),
]


async def check(text: str, folder: Path) -> CheckedText:
    """The text held against PASSAGES; each span is that of its sentence."""
    checked = await make_plumbline(folder).check(text, passages=PASSAGES)
    for sentence in checked.sentences:
        assert text[sentence.span.start : sentence.span.end] == sentence.text
    return checked


def quotes(checked: CheckedText, place: int) -> list[str]:
    return [checked.citations[index].quote for index in checked.sentences[place].citations]


@pytest.mark.parametrize("mark", ["[boats]", "[1]", "【1】", "[^1]", "[1, 2]", "[boats; dogs]"])
async def test_a_mark_names_a_given_passage(tmp_path: Path, mark: str) -> None:
    checked = await check(f"😀 The Heron carries 120 passengers. {mark}", tmp_path)
    assert (checked.status, checked.checked_by) == ("supported", "words")
    assert quotes(checked, 0) == ["The Heron carries 120 passengers and 18 cars."]
    assert [sentence.text[-len(mark) :] for sentence in checked.sentences] == [mark]


async def test_each_sentence_has_its_own_verdict_and_reason(tmp_path: Path) -> None:
    text = "# Ships\n\nThe Heron carries 130 passengers. Dogs travel free of charge. Goats sing."
    checked = await check(text, tmp_path)
    assert [each.verdict for each in checked.sentences] == [
        *("not_checked", "differs", "supported", "unsupported"),
    ]
    assert checked.sentences[1].reasons == ("the source does not say 130",)
    assert checked.status == "partial"
    assert [each.number for each in checked.citations] == [1, 2, 3][: len(checked.citations)]


async def test_a_mark_that_names_no_passage_is_told(tmp_path: Path) -> None:
    checked = await check("Dogs travel free of charge [9].", tmp_path)
    assert checked.sentences[0].verdict == "supported"
    assert checked.sentences[0].reasons == ("[9] names no passage",)


async def test_what_another_passage_says_is_supported_by_that_one(tmp_path: Path) -> None:
    checked = await check("Dogs travel free of charge [boats].", tmp_path)
    assert checked.sentences[0].verdict == "supported"
    assert quotes(checked, 0) == ["Dogs travel free of charge on every boat."]
    assert "another passage" in checked.sentences[0].reasons[0]


async def test_a_text_is_held_against_a_corpus_with_exact_citations(tmp_path: Path) -> None:
    text = "The Heron carries 120 passengers and 18 cars[3]. Goats sing."
    checked = await make_plumbline(tmp_path).check(text, corpus="small")
    assert [each.verdict for each in checked.sentences] == ["supported", "unsupported"]
    first = checked.citations[checked.sentences[0].citations[0]]
    assert isinstance(first, Citation)
    assert (first.document.source, first.quote) == (
        "boats.md",
        "The Heron carries 120 passengers and 18 cars.",
    )
    assert checked.sentences[0].reasons == ()


async def test_what_may_not_be_read_supports_nothing(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, about={"dogs.md": ({}, ("board",))})
    text = "Dogs travel free of charge on every boat."
    for principals, status in ((set[str](), "unsupported"), ({"board"}, "supported")):
        scope = Scope(principals=frozenset(principals))
        checked = await plumbline.check(text, corpus="small", scope=scope)
        assert checked.status == status


async def test_only_the_first_sentences_of_a_long_text_are_checked(tmp_path: Path) -> None:
    checked = await check("Dogs travel free of charge. " * 101, tmp_path)
    assert checked.status == "partial"
    assert checked.sentences[-1].verdict == "not_checked"
    assert checked.sentences[-1].reasons == ("only the first 100 sentences of a text are checked",)


async def test_a_text_of_headings_alone_is_not_supported(tmp_path: Path) -> None:
    checked = await check("# Ships", tmp_path)
    assert (checked.status, checked.score) == ("unsupported", 0.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("x" * (MAX_TEXT_CHARACTERS + 1), "in parts"),
        ("half \ud83d of it", "surrogate"),
    ],
)
async def test_what_is_no_text_is_refused(tmp_path: Path, text: str, says: str) -> None:
    for against in ({"passages": PASSAGES}, {"corpus": "small"}):
        with pytest.raises(InvalidText, match=says):
            await make_plumbline(tmp_path).check(text, **against)


@pytest.mark.parametrize(
    ("passages", "says"),
    [
        ([], "a corpus"),
        (PASSAGES[:1] * 2, "'boats'"),
        ([dataclasses.replace(PASSAGES[0], id=str(n)) for n in range(5000)], "5,000 passages"),
        ([dataclasses.replace(PASSAGES[0], text="x" * 300_000)], "300,000 characters"),
        ([dataclasses.replace(PASSAGES[0], text="half \ud83d")], "surrogate"),
    ],
    ids=["none", "one id", "many", "long", "surrogate"],
)
async def test_passages_that_cannot_be_used_are_refused(
    tmp_path: Path, passages: list[GivenPassage], says: str
) -> None:
    with pytest.raises(InvalidPassages, match=says):
        await make_plumbline(tmp_path).check("Dogs travel free.", passages=passages)
