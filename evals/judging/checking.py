"""Whether a judge can be trusted: claims known to be true or false, put to it before a run."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from evals.claims.labelled import LabelledClaim
from evals.judging.judge import Judge
from evals.judging.ragas_metrics import infer
from evals.judging.voting import Repeat, trace
from evals.reports.judgement import Estimate, JudgeCheck
from evals.statistics.agreement import Counts, kappa
from evals.statistics.proportion import wilson_interval
from rag.errors import InvalidRegressionSet, NotMeasured

CHECK_SET = Path(__file__).parent.parent / "sets" / "judge-check.jsonl"
# Of true claims supported, and of false ones not. With both at .7 a loss of 5 % still shows as
# (.7 + .7 - 1) * 5 = 2 %, the least drop of faithfulness that counts; with less it does not.
LEAST_RIGHT = 0.7
LEAST_JUDGED = 0.9  # of the claims; as `valid` of the gates, since those that fail may be the hard


async def check_judge(judge: Judge, claims: Sequence[LabelledClaim], *, repeats: int) -> JudgeCheck:
    """Put every claim with its evidence to the judge, as a run puts its own."""
    said = await asyncio.gather(*(_ask(judge, claim, repeats) for claim in claims))
    verdicts = [held for held, _ in said]
    judged = [held is not None for held in verdicts].count(True)
    rights = [
        (claim, held == claim.is_true)
        for claim, held in zip(claims, verdicts, strict=True)
        if held is not None
    ]
    true = [is_right for claim, is_right in rights if claim.is_true]
    false = [is_right for claim, is_right in rights if not claim.is_true]
    if judged < LEAST_JUDGED * len(claims) or not true or not false:
        reason = next((reason for _, reason in said if reason), "the repeats are divided")
        note = f"the judge answered {judged} of {len(claims)} known claims ({reason})"
        return JudgeCheck(valid=False, note=note, claims=len(claims), judged=judged)
    counts = Counts(sum(true), len(true), sum(false), len(false))
    note = _tell_fault(counts)
    asked = Counter(claim.kind for claim, _ in rights if not claim.is_true)
    missed = Counter(claim.kind for claim, right in rights if not claim.is_true and not right)
    return JudgeCheck(
        valid=not note,
        note=note,
        claims=len(claims),
        judged=judged,
        accuracy=_share(sum(true) + sum(false), judged),
        sensitivity=_share(counts.true_accepted, counts.true),
        specificity=_share(counts.false_rejected, counts.false),
        kappa=Estimate(*kappa(counts)),
        counts=counts,
        missed={kind: (missed[kind], n) for kind, n in sorted(asked.items())},
    )


def check_claims_fit(path: Path, claims: Sequence[LabelledClaim]) -> None:
    """Whether a judge can be checked by these claims. Raises InvalidRegressionSet."""
    without = [claim.id for claim in claims if not claim.evidence]
    if without:
        raise InvalidRegressionSet(
            f"{path}: {without[0]} has no evidence to hold it against: leave such claims out"
        )
    if len({claim.is_true for claim in claims}) < 2:
        raise InvalidRegressionSet(f"{path}: a judge is checked by true claims and false ones")


async def _ask(judge: Judge, claim: LabelledClaim, repeats: int) -> tuple[bool | None, str]:
    """What most repeats say of a claim, and a reason where one says nothing."""
    context = "\n".join(each.quote for each in claim.evidence)
    asked = [Repeat(judge, number) for number in range(1, repeats + 1)]
    reasons = await asyncio.gather(*(_infer(claim.claim, context, each) for each in asked))
    failed = [reason for reason in reasons if reason]
    if 2 * len(failed) >= repeats:
        return None, failed[0]
    [judgement] = trace(asked)
    return judgement.holds, ""


async def _infer(statement: str, context: str, repeat: Repeat) -> str:
    try:
        await infer(statement, context, asked=repeat)
    except NotMeasured as error:
        return str(error)
    return ""


def _share(count: int, of: int) -> Estimate:
    return Estimate(count / of, *wilson_interval(count, of))


def _tell_fault(counts: Counts) -> str:
    passed = counts.false - counts.false_rejected
    if counts.false_rejected < LEAST_RIGHT * counts.false:
        return f"invalid judge: it called {passed} of {counts.false} false claims supported"
    denied = counts.true - counts.true_accepted
    if counts.true_accepted < LEAST_RIGHT * counts.true:
        return f"invalid judge: it denied {denied} of {counts.true} true claims"
    return ""
