"""The gate before publishing: a release is asked a regression set beside the one that serves."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from evals.gates.criteria import read_criteria
from evals.promoting.causes import Evaluated, tell_cause, versions_of
from evals.reports.decision import SampleChange
from evals.running import Run, evaluate
from evals.samples.reading import read_set
from evals.samples.sample import Sample
from ingest.gate import AskingProgress, BrokenQuestion, GateDecision
from rag.bootstrap import open_plumbline
from rag.errors import NotMeasured, RagError
from rag.plumbline import Plumbline
from rag.settings import Settings

BROKEN = ("lost", "worse")


class ReleaseGate:
    """Holds a release against the one that serves, by the criteria of `gates.toml`.

    No chat model is asked: it would take longer, cost, and differ from one time to the next.
    """

    def __init__(
        self, settings: Settings, open_side: Callable[..., Plumbline] = open_plumbline
    ) -> None:
        self._settings = settings.model_copy(update={"chat_model": ""})
        self._open_side = open_side

    def check(self, regression_set: Path) -> None:
        """Raise UsageError for a set, or a `gates.toml` beside it, that cannot be read."""
        read_criteria(regression_set, read_set(regression_set).samples, {})

    def decide(
        self,
        corpus: str,
        release: int,
        *,
        against: int | None,
        regression_set: Path,
        progress: AskingProgress,
    ) -> GateDecision:
        """Ask both releases the set; what cannot be measured is a refusal with its reason."""
        decision = GateDecision(release, against, str(regression_set))
        try:
            asked = read_set(regression_set)
            criteria = read_criteria(regression_set, asked.samples, {})
            run = Run(asked, corpus, criteria=criteria)
            before = None
            if against is not None:
                before = self._evaluate(run, against, "what is live", progress)
                run = replace(run, criteria=replace(criteria, baseline=before.report))
            after = self._evaluate(run, release, "what is new", progress)
        except RagError as error:
            reason = f"could not measure: {error}"
            return replace(decision, exit_code=NotMeasured.exit_code, reasons=(reason,))
        verdict = after.report.verdict
        broken = _find_broken(run.samples, before, after) if before and verdict.exit_code else ()
        reasons = verdict.reasons
        if before:  # nobody knows the run by its id
            known = before.report.run_id, f"release {against}"
            reasons = tuple(reason.replace(*known) for reason in reasons)
        return replace(decision, exit_code=verdict.exit_code, reasons=reasons, broken=tuple(broken))

    def _evaluate(self, run: Run, release: int, which: str, progress: AskingProgress) -> Evaluated:
        done = count(1)

        def advance(stage: str, total: int) -> None:
            progress(f"{stage} {which}", next(done), total)

        side = self._open_side(self._settings, chosen={run.corpus: release})
        try:
            report = asyncio.run(evaluate(run, side, on_progress=advance))
            return Evaluated(report, versions_of(side.documents(run.corpus)))
        finally:
            side.close()


def _find_broken(
    samples: tuple[Sample, ...], before: Evaluated, after: Evaluated
) -> Iterator[BrokenQuestion]:
    """The questions that fared worse, the worst first, each with the change behind it."""
    asked = {sample.id: sample for sample in samples}
    compared = after.report.verdict.comparison
    changes: tuple[SampleChange, ...] = compared.samples if compared else ()
    for change in changes:
        if change.fate in BROKEN:
            yield BrokenQuestion(
                id=change.id,
                question=change.question,
                critical=change.critical,
                before=change.before,
                after=change.after,
                cause=tell_cause(asked[change.id], before, after),
            )
