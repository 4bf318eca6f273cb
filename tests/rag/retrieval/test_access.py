"""Access and filters: what a request may not find leaves by no way."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.adapters.indexes.counted_words import CountedPart
from rag.adapters.memory.release import MemoryVectorIndex
from rag.domain import PUBLIC, Answer, Message
from rag.errors import DocumentNotFound, InvalidFilter
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filter_options, parse_filters
from rag.retrieval.scope import Scope
from tests.small_corpus import About, make_plumbline

ABOUT: dict[str, About] = {
    "leave.md": ({"team": "hr"}, ("hr",)),
    "boats.md": ({"team": "fleet", "built": 2011}, (PUBLIC,)),
}
HR = Scope(principals=frozenset({"hr"}))
LEAVE = "How many weeks is parental leave?"


@pytest.fixture
def plumbline(tmp_path: Path) -> Plumbline:
    return make_plumbline(tmp_path, about=ABOUT)


def answer(plumbline: Plumbline, question: str, scope: Scope) -> Answer:
    async def read() -> Answer:
        asked = [Message("user", question)]
        items = [i async for i in plumbline.answer(asked, corpus="small", scope=scope)]
        last = items[-1]
        assert isinstance(last, Answer)
        return last

    return asyncio.run(read())


def sources(plumbline: Plumbline, scope: Scope, query: str = LEAVE) -> set[str]:
    hits = plumbline.search(query, corpus="small", scope=scope).hits
    return {hit.document.source for hit in hits}


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_without_principals_only_what_is_public_is_found(plumbline: Plumbline, mode: Any) -> None:
    assert "leave.md" not in sources(plumbline, Scope(mode=mode))
    assert "leave.md" in sources(plumbline, Scope(HR.principals, mode=mode))


def test_an_answer_quotes_nothing_its_reader_may_not_read(plumbline: Plumbline) -> None:
    assert "26 weeks" in answer(plumbline, LEAVE, HR).text
    said = answer(plumbline, LEAVE, Scope())
    assert "26 weeks" not in said.text
    assert all(p.document.source != "leave.md" for p in said.passages)


def test_documents_are_listed_and_read_by_their_readers_only(plumbline: Plumbline) -> None:
    assert plumbline.document("leave-md", corpus="small", scope=HR).title == "leave.md"
    assert "leave-md" in {d.id for d in plumbline.documents("small", scope=HR)}
    assert "leave-md" not in {d.id for d in plumbline.documents("small")}
    with pytest.raises(DocumentNotFound) as hidden:
        plumbline.document("leave-md", corpus="small")
    with pytest.raises(DocumentNotFound) as absent:
        plumbline.document("absent", corpus="small")
    assert str(hidden.value).replace("leave-md", "absent") == str(absent.value)


def test_a_filter_narrows_what_a_reader_may_read_and_never_widens_it(plumbline: Plumbline) -> None:
    fleet = parse_filters({"team": "fleet"})
    assert sources(plumbline, Scope(filters=fleet)) == {"boats.md"}
    named = parse_filters({"source": "leave.md"})
    assert sources(plumbline, Scope(filters=named)) == set()
    assert sources(plumbline, Scope(HR.principals, named)) == {"leave.md"}
    assert answer(plumbline, LEAVE, Scope(filters=named)).status == "abstained"


def test_a_search_that_returns_too_much_still_lets_nothing_out(
    plumbline: Plumbline, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = MemoryVectorIndex.nearest
    monkeypatch.setattr(
        MemoryVectorIndex,
        "nearest",
        lambda self, vector, rows, limit: found(self, vector, np.arange(len(self._ids)), limit),
    )
    best = CountedPart._best
    monkeypatch.setattr(
        CountedPart, "_best", lambda self, scores, limit, subset: best(self, scores, limit, None)
    )
    assert "leave.md" not in sources(plumbline, Scope())
    filters = parse_filters({"team": "fleet"})
    assert sources(plumbline, Scope(HR.principals, filters)) == {"boats.md"}


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ([], "object"),
        ("team", "object"),
        ({"": 1}, "names"),
        ({"team": None}, "a value must be"),
        ({"team": ["hr"]}, "a value must be"),
        ({"team": {}}, "empty"),
        ({"team": {"ne": "hr"}}, "unknown condition 'ne'"),
        ({"$or": [{"team": "hr"}]}, "a value must be"),
        ({"team": {"$ne": "hr"}}, "unknown condition"),
        ({"team": {"any": []}}, "1 to 1000"),
        ({"team": {"any": "hr"}}, "1 to 1000"),
        ({"team": {"any": ["a"] * 10_000}}, "1 to 1000"),
        ({"team": {"any": ["a", 1]}}, "one kind"),
        ({"team": {"prefix": 3}}, "needs a text"),
        ({"draft": {"gte": True}}, "no order"),
        ({"year": float("nan")}, "finite"),
        ({"year": 10**400}, "finite"),
        ({"team": "x" * 1001}, "1000 characters"),
        ({"team": "\ud800"}, "a value must be"),
        ({"team": "a\0b"}, "a value must be"),
        ({f"f{n}": 1 for n in range(21)}, "at most 20"),
    ],
)
def test_a_filter_that_cannot_be_meant_says_why(filters: object, says: str) -> None:
    with pytest.raises(InvalidFilter, match=says.replace("$", "[$]")):
        parse_filters(filters)


def test_a_filter_nested_deeply_is_refused() -> None:
    nested: object = "hr"
    for _ in range(50):
        nested = {"any": [nested]}
    with pytest.raises(InvalidFilter):
        parse_filters({"team": nested})


def test_filters_of_a_command_line_are_values_or_json() -> None:
    assert parse_filter_options(["team=hr", "built=2011", 'built_by={"prefix": "S"}']) == (
        *parse_filters({"team": "hr", "built": 2011}),
        *parse_filters({"built_by": {"prefix": "S"}}),
    )
    for wrong in (["team"], ["team=a", "team=b"]):
        with pytest.raises(InvalidFilter, match="FIELD=VALUE"):
            parse_filter_options(wrong)
