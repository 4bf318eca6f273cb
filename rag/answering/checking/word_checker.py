"""A support check by words alone, until there is a better one."""

from collections.abc import Sequence

from rag.answering.word_overlap import ENOUGH_WORDS, NEGATION, NUMBER
from rag.domain import Verdict
from rag.ports import Claim, Evidence, Judgement, Quote
from rag.support.alignment import AlignedEvidence
from rag.support.words import terms_of


class WordChecker:
    """Half of the words, all numbers and equal negation."""

    name = "words"

    async def check(
        self, claims: Sequence[Claim], evidence: Sequence[Evidence], *, question: str = ""
    ) -> list[Judgement]:
        """One judgement a claim."""
        aligned = AlignedEvidence(evidence)
        return [self._judge(claim, evidence, aligned) for claim in claims]

    def _judge(
        self, claim: Claim, evidence: Sequence[Evidence], aligned: AlignedEvidence
    ) -> Judgement:
        found = []
        wanted = terms_of(claim.text)
        for index in claim.evidence or range(len(evidence)):
            span = aligned.best_quote(claim.text, index)
            text = evidence[index].text[span.start : span.end]
            share = len(wanted & terms_of(text)) / (len(wanted) or 1)
            said, there = set(NUMBER.findall(claim.text)), set(NUMBER.findall(text))
            verdict: Verdict = "supported" if share >= ENOUGH_WORDS else "unsupported"
            reasons: tuple[str, ...] = () if share >= ENOUGH_WORDS else ("no passage says this",)
            if verdict == "supported" and not said <= there:
                verdict, reasons = (
                    "differs",
                    (f"the source does not say {sorted(said - there)[0]}",),
                )
            if bool(NEGATION.search(claim.text)) != bool(NEGATION.search(text)):
                verdict, reasons = "differs", ("the source says the opposite",)
            found.append(
                (
                    (verdict == "supported") + share,
                    Judgement(verdict, share, reasons, (Quote(index, span),)),
                )
            )
        if not found:
            return Judgement("unsupported", 0.0, ("no passage says this",))
        return max(found, key=lambda pair: pair[0])[1]
