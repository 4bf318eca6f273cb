"""One search with all its stages, which answers, searches and explanations tell alike."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.release import OverlapReranker
from rag.domain import Answer, Expansion, Message
from rag.json_forms import explanation_body
from rag.plumbline import Plumbline
from rag.retrieval.reranking import Reranking
from rag.retrieval.scope import Scope
from tests.small_corpus import TEXTS, make_plumbline, make_release, search

QUESTION = "Which boats were built in Skarvik?"
MANY = {f"note{n:03d}.md": f"Engine room note {n} is about valve {n * 7}." for n in range(150)}


class Backwards:
    """Finds the last text best, and reads at most `most` of them in time."""

    name = "backwards"

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[tuple[int, float]] = []

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """0, 0.1, 0.2, ... for the texts that are read."""
        self.asked.append((len(texts), budget_s))
        return [place / 10 for place in range(len(texts))][: self.most]


def test_what_was_read_is_reordered_and_what_was_not_stays_behind() -> None:
    plain = search(QUESTION, make_release())
    reader = Backwards(most=2)
    reranking = Reranking(reader, most_hits=3, budget_s=0.25)
    found = search(QUESTION, make_release(), reranking=reranking)
    before = [hit.chunk.id for hit in plain.hits]
    assert [hit.chunk.id for hit in found.hits] == [before[1], before[0], *before[2:]]
    assert reader.asked == [(3, 0.25)]
    assert [hit.score for hit in found.hits] == [hit.score for hit in plain.hits]
    assert found.hits[0].scores["fused"] == plain.hits[1].score
    assert found.hits[0].scores["rerank"] == 0.1
    assert "rerank" not in found.hits[2].scores
    assert found.confidence == plain.confidence
    assert found.reranked == [(before[1], 0.1), (before[0], 0.0)]


def test_a_reranker_reads_more_than_is_returned(tmp_path: Path) -> None:
    reranking = Reranking(Backwards(most=9), most_hits=4, budget_s=1)
    plumbline = make_plumbline(tmp_path, reranking=reranking)
    [best] = plumbline.search(QUESTION, corpus="small", top_k=1).hits
    assert best.chunk.id == search(QUESTION, make_release()).hits[3].chunk.id


def test_a_request_can_forgo_reranking(tmp_path: Path) -> None:
    reranking = Reranking(OverlapReranker(), most_hits=4, budget_s=1)
    plumbline = make_plumbline(tmp_path, reranking=reranking)
    forgone = plumbline.search(QUESTION, corpus="small", scope=Scope(rerank=False))
    assert forgone.reranked == []
    assert all("rerank" not in hit.scores for hit in forgone.hits)


def test_nothing_found_is_nothing_to_rerank() -> None:
    reranking = Reranking(Backwards(most=9), most_hits=4, budget_s=1)
    found = search("?!", make_release(), "lexical", reranking=reranking)
    assert (found.hits, found.passages, found.is_answered) == ((), (), False)


def test_every_stage_of_a_search_is_timed() -> None:
    reranking = Reranking(OverlapReranker(), most_hits=4, budget_s=1)
    timed = search(QUESTION, make_release(), reranking=reranking).timings_ms
    stages = ["embedding", "candidates", "fusion", "hits", "confidence", "rerank"]
    assert list(timed) == [*stages, "versions", "packing"]
    assert all(ms >= 0 for ms in timed.values())


async def answer(plumbline: Plumbline, scope: Scope) -> Answer:
    asked = [Message("user", "Where were the vessels made?")]
    items = [each async for each in plumbline.answer(asked, corpus="small", scope=scope)]
    assert isinstance(items[-1], Answer)
    return items[-1]


@pytest.mark.parametrize("how", ["multi-query", "hyde"])
async def test_an_answer_is_searched_with_what_the_chat_model_adds(
    how: Expansion, tmp_path: Path
) -> None:
    said = "Both boats were built in Skarvik in 2011 [1]."
    chat = ScriptedChatModel(["Boats built in Skarvik"], [said])
    plumbline = make_plumbline(tmp_path, chat_model=chat, min_confidence=0.0)
    found = await answer(plumbline, Scope(expansion=how))
    assert len(chat.asked) == 2
    assert "built in Skarvik" in found.passages[0].text
    assert found.fingerprint.expansion.startswith(f"{how} {how}.v1@")


async def test_without_expansion_the_chat_model_is_asked_once(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["Both boats were built in Skarvik in 2011 [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat, min_confidence=0.0)
    found = await answer(plumbline, Scope())
    assert len(chat.asked) == 1
    assert found.fingerprint.expansion == ""


class Reversing:
    """Finds every text better than the one before it."""

    name = "reversing"

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """Rising scores."""
        return [place / 100 for place in range(len(texts))]


@pytest.mark.parametrize("reranking", [None, Reranking(Reversing(), most_hits=20, budget_s=1)])
@pytest.mark.parametrize("expansion", ["none", "multi-query", "hyde"])
async def test_an_explanation_tells_exactly_the_search_of_the_answer(
    expansion: Expansion, reranking: Reranking | None, tmp_path: Path
) -> None:
    wordings = [] if expansion == "none" else [["Dogs in the saloon\nThe size of the Tern"]]
    chat = ScriptedChatModel(*wordings, ["Both were built in Skarvik [1]."], *wordings)
    plumbline = make_plumbline(
        tmp_path, chat_model=chat, reranking=reranking, texts=TEXTS | MANY, min_confidence=0.1
    )
    scope = Scope(expansion=expansion)
    found = (await answer(plumbline, scope)).search
    asked = [Message("user", "Where were the vessels made?")]
    _, explained = await plumbline.explain(asked, corpus="small", top_k=30, scope=scope)
    assert explained.search == replace(found, timings_ms=explained.search.timings_ms)
    assert len(found.wordings) == {"none": 1, "multi-query": 3, "hyde": 2}[expansion]
    shown = explained.candidates
    assert [(each.chunk.id, each.document) for each in shown] == [
        (hit.chunk.id, hit.document) for hit in found.hits
    ]
    last = [name for name in explained.kept if name not in ("rerank", "packed")][-1]
    assert last == ("neighbours" if expansion == "none" else "expanded")
    stood = [each.places[last].rank for each in shown]
    read = 20 if reranking else 0
    assert stood == [*range(read, 0, -1), *range(read + 1, len(shown) + 1)]
    packed = [each for each in shown if each.is_used]
    assert {each.document for each in packed} == {each.document for each in found.passages}
    assert [each.places["packed"].rank for each in packed] == [*range(1, len(packed) + 1)]


def test_a_wording_of_the_chat_model_is_followed_through_an_explanation(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["Dogs in the saloon"])
    plumbline = make_plumbline(tmp_path, chat_model=chat, texts=TEXTS | MANY)
    asked = [Message("user", "Which engine room valve is it?")]
    found = asyncio.run(
        plumbline.explain(
            asked, corpus="small", document="dogs.md", scope=Scope(expansion="multi-query")
        )
    )
    body: Any = explanation_body(*found)
    assert body["wordings"] == ["Which engine room valve is it?", "Dogs in the saloon"]
    assert body["document"]["ranks"]["neighbours"] is None
    assert body["document"]["ranks"]["wording 2"] == 1
    assert body["document"]["ranks"]["expanded"] <= 5
    assert body["document"]["lost_at"] in ("", "confidence")


async def test_the_hits_beside_an_answer_are_as_many_as_were_asked_for(tmp_path: Path) -> None:
    plumbline = make_plumbline(tmp_path, texts=TEXTS | MANY)
    asked = [Message("user", "Which engine room valve is it?")]
    few, many = [
        [item async for item in plumbline.answer(asked, corpus="small", top_k=top_k)][-1]
        for top_k in (None, 100)
    ]
    assert isinstance(few, Answer)
    assert isinstance(many, Answer)
    assert (len(few.search.hits), len(many.search.hits)) == (30, 100)
    assert few.search.hits == many.search.hits[:30]
    assert few.passages == many.passages
