"""Searches as requests want them: reranked within a budget, expanded by the chat model, or not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.release import HashingEmbedder, OverlapReranker
from rag.domain import Answer, Expansion, Message
from rag.plumbline import Plumbline
from rag.retrieval.reranking import Reranking
from rag.retrieval.scope import Scope
from rag.retrieval.searcher import Searcher
from tests.small_corpus import make_plumbline, make_release

QUESTION = "Which boats were built in Skarvik?"


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


def searcher(reranking: Reranking | None) -> Searcher:
    return Searcher(lambda _: HashingEmbedder(), reranking=reranking)


def test_what_was_read_is_reordered_and_what_was_not_stays_behind() -> None:
    plain = searcher(None).search([QUESTION], make_release(), Scope(), top_k=10)
    reader = Backwards(most=2)
    reranking = Reranking(reader, most_hits=3, budget_s=0.25)
    found = searcher(reranking).search([QUESTION], make_release(), Scope(), top_k=10)
    before = [hit.chunk.id for hit in plain.hits]
    assert [hit.chunk.id for hit in found.hits] == [before[1], before[0], *before[2:]]
    assert reader.asked == [(3, 0.25)]
    assert [hit.score for hit in found.hits] == [hit.score for hit in plain.hits]
    assert found.hits[0].scores["fused"] == plain.hits[1].score
    assert found.hits[0].scores["rerank"] == 0.1
    assert "rerank" not in found.hits[2].scores
    assert found.confidence == plain.confidence


def test_a_reranker_reads_more_than_is_returned() -> None:
    reranking = Reranking(Backwards(most=9), most_hits=4, budget_s=1)
    [best] = searcher(reranking).search([QUESTION], make_release(), Scope(), top_k=1).hits
    plain = searcher(None).search([QUESTION], make_release(), Scope(), top_k=4)
    assert best.chunk.id == plain.hits[3].chunk.id


def test_a_request_can_forgo_reranking() -> None:
    side = searcher(Reranking(OverlapReranker(), most_hits=4, budget_s=1))
    forgone = side.search([QUESTION], make_release(), Scope(rerank=False), top_k=3)
    assert all("rerank" not in hit.scores for hit in forgone.hits)


def test_nothing_found_is_nothing_to_rerank() -> None:
    side = searcher(Reranking(Backwards(most=9), most_hits=4, budget_s=1))
    assert side.search(["?!"], make_release(), Scope(mode="lexical"), top_k=3).hits == ()


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
    plumbline = make_plumbline(tmp_path, chat_model=chat)
    found = await answer(plumbline, Scope(expansion=how))
    assert len(chat.asked) == 2
    assert "built in Skarvik" in found.passages[0].text
    assert found.fingerprint.expansion.startswith(f"{how} {how}.v1@")


async def test_without_expansion_the_chat_model_is_asked_once(tmp_path: Path) -> None:
    chat = ScriptedChatModel(["Both boats were built in Skarvik in 2011 [1]."])
    found = await answer(make_plumbline(tmp_path, chat_model=chat), Scope())
    assert len(chat.asked) == 1
    assert found.fingerprint.expansion == ""
