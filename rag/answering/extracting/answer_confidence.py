"""How likely an answer is right: what the search tells, and the unit that the answer begins with.

`python -m evals.training answer-confidence` learns the weights; `docs/models/confidence.md` says
from what.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rag.answering.checking.judging import Reach
from rag.answering.extracting.quotable import plain
from rag.answering.extracting.scoring import Question, Scored
from rag.domain import SearchResult
from rag.retrieval.confidence import Signals
from rag.support.verdicts import SentenceJudge, Split

COEFFICIENTS = Path(__file__).parents[2] / "coefficients" / "answer_confidence.json"
SURE = 1e-4  # chosen: a confidence nearer to 0 or 1 counts as this near
OF_UNITS = ("own", "context", "around", "title", "fits")
"""What of a unit's signals counts here too."""
WANTED = ("number", "time", "person")


def estimate(
    question: Question, ranked: Sequence[Scored], search: SearchResult, reach: Reach
) -> float:
    """Confidence in (0, 1) that the best of the ranked units is the answer; 0 where there is none.

    It counts as much as the search's: below its threshold nothing is answered.
    """
    if not ranked:
        return 0.0
    return load_judge().judge(read_answer(question, ranked[0], search, reach))


@cache
def load_judge(path: Path = COEFFICIENTS) -> SentenceJudge:
    """The one that the package brings along."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return SentenceJudge(raw["start"], tuple(Split.parse(tree) for tree in raw["trees"]))


def read_answer(question: Question, best: Scored, search: SearchResult, reach: Reach) -> Signals:
    """What tells of an answer that begins with this unit."""
    unit, wanted = best.candidate.unit, question.asked.wanted
    lead = plain(unit.before.text) if unit.before else ""
    above = (best.candidate.source.document.title, *unit.heading, lead, " ".join(unit.columns))
    sure = min(max(search.confidence, SURE), 1 - SURE)
    return {
        "search": math.log(sure / (1 - sure)),
        **reach(_asked(question), plain(unit.text), " . ".join(filter(None, above))),
        **{name: best.signals[name] for name in OF_UNITS},
        "unmet": float(not question.is_met_by(unit.text)),
        "terms": math.log1p(len(question.terms)),
        **{f"wants a {kind}": float(wanted == kind) for kind in WANTED},
    }


def _asked(question: Question) -> str:
    """One half as it was asked; a question that was made to stand alone as it is then."""
    standalone, own = question.texts[0], question.asked.text
    return own if own in standalone else standalone
