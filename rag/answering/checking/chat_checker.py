"""A support check by the chat model: all claims against their quotes in one structured call."""

import asyncio
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, cast

from rag.answering.prompts import load_prompt
from rag.domain import Message, Verdict
from rag.errors import ChatModelError, SupportUnchecked
from rag.ports import ChatModel, Claim, Evidence, Judgement, Quote
from rag.support.alignment import AlignedEvidence

SUPPORT_PROMPT = "support.v1"
TOKENS_A_CLAIM = 60  # twice what the prompt asks for: a verdict and twelve words
MOST_TOKENS = 4096  # chosen: a hundred claims, most of them supported
REMEMBERED = 256  # chosen: the answers of a busy hour, a few kilobytes each
REASON_CHARACTERS = 120  # chosen: twelve words with room
SCORES: dict[Verdict, float] = {"supported": 1.0, "differs": 0.0, "unsupported": 0.0}
PLAIN_REASON = re.compile(r"[^\[\]<>{}`|\\\n]*")
ADDRESS = re.compile(r"https?:|www\.|//", re.I)


class ChatChecker:
    """Asks a chat model for verdicts; the same claims of the same evidence are asked for once."""

    def __init__(self, chat_model: ChatModel, *, budget_s: float) -> None:
        self._chat_model = chat_model
        self._budget_s = budget_s
        self._prompt = load_prompt(SUPPORT_PROMPT)
        self._known: OrderedDict[str, list[Judgement]] = OrderedDict()

    @property
    def name(self) -> str:
        """The chat model and the prompt."""
        return f"{self._chat_model.name} {self._prompt.label}"

    async def check(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """One judgement a claim. Raises SupportUnchecked."""
        data = _write(claims, evidence, question)
        if data in self._known:
            self._known.move_to_end(data)
            return self._known[data]
        verdicts = _read(await self._ask(data, len(claims)), len(claims))
        judged = _place(verdicts, claims, evidence)
        self._known[data] = judged
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return judged

    async def _ask(self, data: str, claims: int) -> str:
        fence = f"data-{secrets.token_hex(8)}"
        request = [Message("user", self._prompt.fill(fence=fence, data=data))]
        tokens = min(MOST_TOKENS, TOKENS_A_CLAIM * (claims + 1))
        stream = self._chat_model.stream(request, max_tokens=tokens)
        try:
            async with asyncio.timeout(self._budget_s):
                said = "".join([piece async for piece in stream])
        except TimeoutError as error:
            raise SupportUnchecked(
                f"{self._chat_model.name} gave no verdicts within {self._budget_s:g} s"
            ) from error
        except ChatModelError as error:
            raise SupportUnchecked(f"{self._chat_model.name} gave no verdicts") from error
        if stream.finish_reason != "stop":
            raise SupportUnchecked(f"{self._chat_model.name} did not finish its verdicts")
        return said


def _write(claims: Sequence[Claim], evidence: Sequence[Evidence], question: str) -> str:
    lines: list[dict[str, object]] = [{"question": question}] if question else []
    lines += (
        {"source": number, "title": each.title, "headings": each.heading, "text": each.text}
        for number, each in enumerate(evidence, 1)
    )
    everything = range(len(evidence))
    lines += (
        {
            "statement": number,
            "sources": [index + 1 for index in each.evidence or everything],
            "text": each.text,
        }
        for number, each in enumerate(claims, 1)
    )
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _read(said: str, claims: int) -> list[tuple[Verdict, str]]:
    """A verdict and its reason for each claim. Raises SupportUnchecked for anything else."""
    start, end = said.find("{"), said.rfind("}")
    try:
        given = json.loads(said[start : end + 1])["verdicts"]
        read = {int(each["statement"]): _verdict(each) for each in given}
        return [read[number] for number in range(1, claims + 1)]
    except (ValueError, KeyError, TypeError) as error:
        raise SupportUnchecked("the chat model's verdicts are not those asked for") from error


def _verdict(given: dict[str, Any]) -> tuple[Verdict, str]:
    verdict, reason = given["verdict"], " ".join(str(given.get("reason") or "").split())
    if verdict not in SCORES:
        raise ValueError(verdict)
    is_plain = PLAIN_REASON.fullmatch(reason) and not ADDRESS.search(reason)
    return cast(Verdict, verdict), reason[:REASON_CHARACTERS] if is_plain else ""


def _place(
    verdicts: Sequence[tuple[Verdict, str]], claims: Sequence[Claim], evidence: Sequence[Evidence]
) -> list[Judgement]:
    """Verdicts with a quote of each piece of evidence that the claim names."""
    aligned = AlignedEvidence(evidence)
    return [
        Judgement(
            verdict,
            SCORES[verdict],
            (reason,) if reason and verdict != "supported" else (),
            tuple(Quote(n, aligned.best_quote(claim.text, n)) for n in claim.evidence),
        )
        for (verdict, reason), claim in zip(verdicts, claims, strict=True)
    ]
