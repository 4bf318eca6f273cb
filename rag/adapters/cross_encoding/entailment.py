"""A support check by a cross-encoder: whether a quote entails a claim, within a time budget."""

import asyncio
import time
from collections.abc import Callable, Sequence

import numpy as np

from rag.adapters.embedding.pair_classifier import PairClassifier, sigmoid
from rag.domain import Verdict
from rag.errors import SupportUnchecked
from rag.ports import Claim, Evidence, Judgement, Quote
from rag.support.alignment import AlignedEvidence
from rag.support.words import terms_of

BATCH = 4  # chosen: the time is looked at after so many pairs
PREMISES = 3  # chosen: of a claim's evidence the quotes that share most of its words
SETTING = "RAG_SUPPORT_MODEL"
REASONS: dict[Verdict, tuple[str, ...]] = {
    "supported": (),
    "differs": ("the source says otherwise",),
    "unsupported": ("no passage says this",),
}
Pair = tuple[int, Quote, str, str]
"""A claim's place, the quote it is held against, that quote in words, and the claim."""


class EntailmentChecker:
    """Judges claims by one model; what it says of labels is read from its configuration.

    Of three labels, entailment, contradiction and neutral, each is a verdict of its own; a model
    of one number gives how likely the quote supports the claim. Raises EmbedderError.
    """

    def __init__(
        self,
        name_or_folder: str,
        *,
        budget_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = PairClassifier(name_or_folder, role="support model", setting=SETTING)
        self._verdicts = [_verdict_of(label) for label in self._model.labels]
        self._is_graded = len(self._verdicts) == 1
        if not self._is_graded and "supported" not in self._verdicts:
            reason = f"its labels are {', '.join(self._model.labels)}"
            wanted = "with one output, or with a label for entailment"
            raise self._model.other_kind(name_or_folder, reason, wanted=wanted)
        self._budget_s = budget_s
        self._clock = clock

    @property
    def name(self) -> str:
        """The model's name and the beginning of its weights' sha256."""
        return self._model.name

    async def check(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """One judgement a claim. Raises SupportUnchecked where the time does not suffice."""
        pairs = list(_pair(claims, evidence, question))
        judged = await asyncio.to_thread(self._read, pairs)
        best = [Judgement("unsupported", 0.0, REASONS["unsupported"]) for _ in claims]
        for (place, quote, _, _), (verdict, score) in zip(pairs, judged, strict=True):
            found = Judgement(verdict, score, REASONS[verdict], (quote,))
            best[place] = max(best[place], found, key=_weight)
        return best

    def _read(self, pairs: Sequence[Pair]) -> list[tuple[Verdict, float]]:
        until = self._clock() + self._budget_s
        judged: list[tuple[Verdict, float]] = []
        with self._model.lock:
            for start in range(0, len(pairs), BATCH):
                if self._clock() >= until:
                    raise SupportUnchecked(
                        f"{self.name} read {start} of {len(pairs)} pairs in {self._budget_s:g} s"
                    )
                batch = [(premise, claim) for _, _, premise, claim in pairs[start : start + BATCH]]
                judged += (self._judge(row) for row in self._model.read(batch))
        return judged

    def _judge(self, logits: Sequence[float]) -> tuple[Verdict, float]:
        if self._is_graded:
            score = sigmoid(logits[0])
            return ("supported" if score >= 0.5 else "unsupported"), score
        shifted = np.exp(np.array(logits) - max(logits))
        shares = shifted / shifted.sum()
        score = float(shares[self._verdicts.index("supported")])
        return self._verdicts[int(np.argmax(shares))], score


def _verdict_of(label: str) -> Verdict:
    if label.startswith(("entail", "support")):
        return "supported"
    return "differs" if label.startswith(("contradict", "refut")) else "unsupported"


def _weight(judgement: Judgement) -> tuple[int, float]:
    """What decides between quotes: one that supports, then one that says otherwise."""
    place = ("unsupported", "differs", "supported").index(judgement.verdict)
    return place, judgement.score


def _pair(claims: Sequence[Claim], evidence: Sequence[Evidence], question: str) -> list[Pair]:
    """Each claim with the quotes that share most of its words."""
    aligned = AlignedEvidence(evidence)
    pairs: list[Pair] = []
    for place, claim in enumerate(claims):
        wanted = terms_of(claim.text)
        said = claim.text if len(wanted) > 1 else f"{question} {claim.text}".strip()
        quotes = [
            Quote(index, aligned.best_quote(said, index))
            for index in claim.evidence or range(len(evidence))
        ]
        texts = {quote: _in_words(quote, evidence[quote.evidence]) for quote in quotes}
        quotes.sort(key=lambda quote: -len(wanted & terms_of(texts[quote])))
        pairs += ((place, quote, texts[quote], said) for quote in quotes[:PREMISES])
    return pairs


def _in_words(quote: Quote, evidence: Evidence) -> str:
    """A quote below the title and headings that it stands under."""
    where = [each for each in (evidence.title, *evidence.heading) if each]
    return ". ".join([*where, evidence.text[quote.span.start : quote.span.end]])
