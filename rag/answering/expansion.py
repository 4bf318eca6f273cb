"""Query expansion: other wordings of a question, or a passage that could answer it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rag.answering.brief import ask_briefly
from rag.answering.prompts import load_prompt
from rag.domain import Hit
from rag.ports import ChatModel

Expansion = Literal["none", "multi-query", "hyde"]

PROMPTS = {"multi-query": "multi-query.v1", "hyde": "hyde.v1"}
MAX_VARIANTS = 3
MAX_TOKENS = 128
TIMEOUT_S = 4.0
MAX_CHARACTERS = 800
LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s*")
VARIANTS_SHARE = 0.45
RANK_OFFSET = 5
"""With these, what all variants find first comes after the first two of the question itself."""


async def expand(question: str, chat_model: ChatModel | None, how: Expansion) -> list[str]:
    """The question, then what else to search for: at most three, none where the model fails."""
    if chat_model is None or how == "none":
        return [question]
    said = await ask_briefly(
        chat_model,
        load_prompt(PROMPTS[how]),
        max_tokens=MAX_TOKENS,
        timeout_s=TIMEOUT_S,
        may_be_cut=True,
        question=question,
    )
    lines = said.splitlines() if how == "multi-query" else [" ".join(said.split())]
    variants = [LIST_MARK.sub("", line).strip()[:MAX_CHARACTERS] for line in lines]
    kept = [each for each in variants if each and not each.endswith(":")]
    return list(dict.fromkeys([question, *kept]))[: MAX_VARIANTS + 1]


def fuse_hits(searches: Sequence[Sequence[Hit]], *, limit: int) -> tuple[Hit, ...]:
    """Hits of several searches by weighted reciprocal ranks, the first search weighing most.

    The variants share VARIANTS_SHARE of the weight. Scores lie in (0, 1]; each hit keeps the
    stages' scores of the first search that found it.
    """
    if len(searches) < 2:
        return tuple(hit for hits in searches for hit in hits)[:limit]
    share = VARIANTS_SHARE / (len(searches) - 1)
    weights = [1 - VARIANTS_SHARE, *[share] * (len(searches) - 1)]
    scores: dict[str, float] = {}
    found: dict[str, Hit] = {}
    for weight, hits in zip(weights, searches, strict=True):
        for rank, hit in enumerate(hits):
            found.setdefault(hit.chunk.id, hit)
            score = weight * RANK_OFFSET / (RANK_OFFSET + rank)
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + score
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    return tuple(replace(found[id_], score=score) for id_, score in best)
