"""How well the support check tells true claims from false ones, by kind."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from evals.claims.answers import CheckedAnswer
from evals.claims.evidence import GATHERERS, ClaimedCorpus
from evals.claims.labelled import LabelledClaim
from rag.ports import Claim, Judgement
from rag.settings import Settings
from rag.support.local import SUPPORTED, LocalChecker
from rag.support.verdicts import score_text


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, how its evidence was gathered, and what the check says."""

    claim: LabelledClaim
    gathered: str
    judgement: Judgement

    @property
    def is_right(self) -> bool:
        """Whether a true claim is called supported, or a false one is not."""
        return (self.judgement.verdict == "supported") == self.claim.is_true


def check_claims(
    claims: Sequence[LabelledClaim], settings: Settings, checker: LocalChecker
) -> list[Checked]:
    """Every claim held against the passage around its quote and what its corpus finds."""
    corpora = {name: ClaimedCorpus(settings, name) for name in {each.corpus for each in claims}}
    return [
        Checked(claim, name, checker.weigh([Claim(claim.claim)], evidence)[0])
        for claim in claims
        for name, gather in GATHERERS.items()
        for evidence in (gather(corpora[claim.corpus], claim),)
    ]


def tabulate(checked: Sequence[Checked]) -> str:
    """Shares by kind as Markdown, a table for each way of gathering evidence."""
    tables = []
    for name in GATHERERS:
        own = [each for each in checked if each.gathered == name]
        true = [each.is_right for each in own if each.claim.is_true]
        false = [each.is_right for each in own if not each.claim.is_true]
        lines = [
            f"against the {name}: false called supported {1 - fmean(false):.3f}, "
            f"true not called supported {1 - fmean(true):.3f}, "
            f"balanced accuracy {(fmean(true) + fmean(false)) / 2:.3f}",
            "",
            "| label | kind | claims | right |",
            "|---|---|---|---|",
        ]
        kinds: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for each in own:
            kinds[each.claim.label, each.claim.kind].append(each.is_right)
        lines += [
            f"| {label} | {kind} | {len(right)} | {fmean(right):.2f} |"
            for (label, kind), right in sorted(kinds.items(), reverse=True)
        ]
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def tell_answers(checked: Sequence[CheckedAnswer]) -> str:
    """How well the score of whole answers tells which hold a fault, in two lines."""
    scores = [score_text(each.sentences) for each in checked]
    good = [score for score, each in zip(scores, checked, strict=True) if all(each.are_carried)]
    bad = [score for score, each in zip(scores, checked, strict=True) if not all(each.are_carried)]
    if not good or not bad:
        return "answers: none with faults, or none without"
    right = fmean(score >= SUPPORTED for score in good), fmean(score < SUPPORTED for score in bad)
    return (
        f"answers: {len(good)} without and {len(bad)} with faults, AUROC {_rank(good, bad):.3f}, "
        f"balanced accuracy {fmean(right):.3f}"
    )


def tell_pairs(right: Sequence[float], made_up: Sequence[float]) -> str:
    """How well the score tells right answers from made-up ones, in one line."""
    return f"pairs: {len(right)}, AUROC {_rank(right, made_up):.3f}"


def _rank(high: Sequence[float], low: Sequence[float]) -> float:
    """AUROC: how often one of `high` is above one of `low`."""
    return fmean((one < two) + (one == two) / 2 for one in low for two in high)
