"""Whether a release may go live: the corpus' gate is asked, and what it says is kept."""

from dataclasses import replace
from pathlib import Path

from ingest.clock import now_utc
from ingest.corpus.setup import OpenCorpus
from ingest.gate import GateDecision
from ingest.releases import publishing
from rag.errors import SettingsError


def set_gate(corpus: OpenCorpus) -> None:
    """Remember the set that a command names for the corpus, or that it takes the gate away."""
    wanted = corpus.setup.gating.regression_set
    if wanted is not None:
        corpus.ledger.history.put_gate(wanted)


def admit(corpus: OpenCorpus, number: int, serving: int | None) -> GateDecision | None:
    """Ask the corpus' gate of a release; None where the corpus has none.

    One that is refused waits for a word of its own, in place of any that was refused before it.
    """
    ledger, gating, folder = corpus.ledger, corpus.setup.gating, corpus.folder
    regression_set = ledger.history.gate()
    if not regression_set:
        return None
    if gating.load is None:
        raise SettingsError(f"corpus {folder.name!r} has a gate, and nothing here can ask it")
    decision = gating.load().decide(
        folder.name,
        number,
        against=serving,
        regression_set=Path(regression_set),
        progress=corpus.setup.progress,
    )
    if decision.exit_code:
        decision = replace(decision, forced=gating.forced)
    refused = ledger.history.refused()
    ledger.history.put_decision(decision, now_utc())
    if decision.is_refused:
        for each in refused - ledger.pins() - {number, folder.live()}:
            publishing.remove_release(folder, each)
    return decision
